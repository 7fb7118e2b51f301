import { invariant } from '../foundation/index.ts';
import type { BackOff, Lane } from './lane.ts';
import { mayPass, missed, RESTING } from './lane.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface FlushOptions {
  /** How many readings each packet has. */
  readonly packets: readonly number[];
  /** Acceptors of the flush's partition, and how many of them decide. */
  readonly acceptors: number;
  readonly quorum: number;
  /** Shares of a reading, one per domain. */
  readonly domains: number;
  readonly backOff: BackOff;
  /** After this the round ends with what it knows, milliseconds. */
  readonly deadlineMs: number;
  /** How long a window that a domain says is not open is asked for again, milliseconds; its readings then ask alone. */
  readonly unopenedMs?: number;
}

/** `owner` and `acceptor` are places in the placement's lists; a domain with fewer owners wraps `owner` round. */
export type FlushCall =
  /** The shares of all packets. */
  | { readonly kind: 'upload'; readonly domain: number; readonly owner: number }
  /** The votes for these packets. */
  | { readonly kind: 'accept'; readonly acceptor: number; readonly packets: readonly number[] };

export type FlushReply =
  /** Per packet whether its shares are all stored. */
  | { readonly kind: 'stored'; readonly whole: readonly boolean[] }
  /** Per packet asked about the places of the readings that the vote is not for; null where it is for none. */
  | { readonly kind: 'voted'; readonly others: readonly (readonly number[] | null)[] };

/** What became of a packet: which of its readings are not known to be TRUE, and whether their SET may have been heard. */
export interface PacketOut {
  readonly left: readonly number[];
  readonly setSent: boolean;
}

/** An acceptor's answer, as the places that its vote is not for, per packet that was set. */
type Vote = readonly (readonly number[] | null)[];

export interface FlushState {
  readonly phase: 'upload' | 'accept' | 'over';
  /** UPLOAD, one lane per domain. */
  readonly shares: readonly Lane[];
  /** Per packet whether every domain that answered has all of its shares. */
  readonly whole: readonly boolean[];
  /** The packets that are set. */
  readonly set: readonly number[];
  readonly votes: readonly Vote[];
  /** Acceptors under way. */
  readonly waiting: readonly string[];
  /** Whether a domain has said that the window is not open. */
  readonly unopened: boolean;
}

type FlushStep = Step<FlushState, FlushCall, readonly PacketOut[]>;
type Effects = readonly Effect<FlushCall, readonly PacketOut[]>[];

/**
 * The two-phase commit of many readings of one partition at once: UPLOAD all packets to every domain, each at its next
 * owner until one helps, then ask all acceptors for their votes on the packets of which every share is stored. What it
 * leaves goes on alone: a packet that a domain refuses or does not store whole, and readings without a quorum of votes.
 */
export function flushRound(
  options: FlushOptions,
): Round<FlushState, FlushCall, FlushReply, readonly PacketOut[]> {
  const { packets, acceptors, quorum, domains, backOff, deadlineMs, unopenedMs } = options;
  invariant(
    packets.length > 0 && acceptors >= quorum && domains > 0,
    'expected packets, acceptors and domains',
  );

  function askShare(lane: Lane, domain: number): { lane: Lane; effects: Effects } {
    const id = `upload ${domain}/${lane.turn}`;
    const call: FlushCall = { kind: 'upload', domain, owner: lane.turn };
    return { lane: { ...lane, awaits: id }, effects: [{ kind: 'call', id, call }] };
  }

  function stepShare(
    state: FlushState,
    domain: number,
    lane: Lane,
    event: RoundEvent<FlushReply>,
  ): FlushStep {
    if (event.kind === 'wake') {
      const asked = askShare(lane, domain);
      return { state: withLane(state, domain, asked.lane), effects: asked.effects };
    }
    if (event.kind === 'failure') {
      // The readings meet the refusal again one by one, and each is told it.
      if (!mayPass(event.error)) return finish(state);
      const next = missed(lane, backOff);
      const asking = { state: withLane(state, domain, next.lane), effects: next.effects };
      return event.error.code === 'WINDOW_NOT_OPEN' ? hearUnopened(asking, unopenedMs) : asking;
    }
    invariant(event.reply.kind === 'stored', 'an answer to UPLOAD');
    const { whole } = event.reply;
    const stored: FlushState = {
      ...withLane(state, domain, { ...lane, awaits: '' }),
      whole: state.whole.map((before, packet) => before && whole[packet] === true),
    };
    return stored.shares.every(({ awaits }) => awaits === '')
      ? askVotes(stored)
      : { state: stored, effects: [] };
  }

  /** Only here, where the last domain has stored: SET comes after every share. */
  function askVotes(state: FlushState): FlushStep {
    const set = packets.flatMap((_, packet) => (state.whole[packet] === true ? [packet] : []));
    if (set.length === 0) return finish(state);
    const calls = Array.from({ length: acceptors }, (_, acceptor) => ({
      kind: 'call' as const,
      id: `accept ${acceptor}`,
      call: { kind: 'accept' as const, acceptor, packets: set },
    }));
    return { state: { ...state, phase: 'accept', set, waiting: calls.map(({ id }) => id) }, effects: calls };
  }

  function stepVote(state: FlushState, event: RoundEvent<FlushReply>): FlushStep {
    const waiting = state.waiting.filter((id) => id !== event.id);
    let { votes } = state;
    if (event.kind === 'reply') {
      invariant(event.reply.kind === 'voted', 'an answer to ACCEPT');
      votes = [...votes, event.reply.others];
    }
    const heard = { ...state, votes, waiting };
    const over = waiting.length === 0 || state.set.every((_, place) => leftOf(heard, place).length === 0);
    return over ? finish(heard) : { state: heard, effects: [] };
  }

  /** Places of the readings of the set packet at `place` that no quorum has voted TRUE. */
  function leftOf({ set, votes }: FlushState, place: number): readonly number[] {
    const full = votes.filter((vote) => vote[place]?.length === 0).length;
    if (full >= quorum) return NONE;
    const readings = placesOf(packets[set[place] ?? 0] ?? 0);
    const given = readings.map(() => 0);
    for (const vote of votes) {
      const others = vote[place];
      if (others == null) continue;
      const refused = new Set(others);
      for (const reading of readings) if (!refused.has(reading)) given[reading] = (given[reading] ?? 0) + 1;
    }
    return readings.filter((reading) => (given[reading] ?? 0) < quorum);
  }

  function finish(state: FlushState): FlushStep {
    const out = packets.map((readings, packet): PacketOut => {
      const place = state.set.indexOf(packet);
      if (place < 0) return { left: placesOf(readings), setSent: false };
      return { left: leftOf(state, place), setSent: true };
    });
    return { state: { ...state, phase: 'over' }, effects: [{ kind: 'finish', out }] };
  }

  return {
    start() {
      const asked = Array.from({ length: domains }, (_, domain) => askShare(RESTING, domain));
      return {
        state: {
          phase: 'upload',
          shares: asked.map(({ lane }) => lane),
          whole: packets.map(() => true),
          set: [],
          votes: [],
          waiting: [],
          unopened: false,
        },
        effects: [
          { kind: 'wake', id: 'deadline', afterMs: deadlineMs, jitterMs: 0 },
          ...asked.flatMap(({ effects }) => effects),
        ],
      };
    },
    step(state, event) {
      if (state.phase === 'over') return { state, effects: [] };
      if (event.id === 'deadline') return finish(state);
      if (event.id === 'unopened') return state.phase === 'upload' ? finish(state) : { state, effects: [] };
      if (state.waiting.includes(event.id)) return stepVote(state, event);
      const domain = state.shares.findIndex(({ awaits }) => awaits === event.id);
      const lane = state.shares[domain];
      return lane === undefined ? { state, effects: [] } : stepShare(state, domain, lane, event);
    },
  };
}

/** The first domain that says that the window is not open starts the time that is granted. */
function hearUnopened({ state, effects }: FlushStep, unopenedMs: number | undefined): FlushStep {
  if (unopenedMs === undefined || state.unopened) return { state, effects };
  const wake = { kind: 'wake', id: 'unopened', afterMs: unopenedMs, jitterMs: 0 } as const;
  return { state: { ...state, unopened: true }, effects: [...effects, wake] };
}

const NONE: readonly number[] = [];

function placesOf(readings: number): number[] {
  return Array.from({ length: readings }, (_, place) => place);
}

function withLane(state: FlushState, domain: number, lane: Lane): FlushState {
  return { ...state, shares: state.shares.map((old, i) => (i === domain ? lane : old)) };
}
