import type { ErrorCode } from '../foundation/index.ts';
import { EngineError, invariant } from '../foundation/index.ts';
import type { Outcome } from '../protocol/index.ts';
import type { BackOff, Lane } from './lane.ts';
import { mayPass, missed, pauses, RESTING } from './lane.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface UploadOptions {
  /** Acceptors of the reading's partition. */
  readonly acceptors: number;
  /** Shares of the reading, one per domain. */
  readonly domains: number;
  /** Most owners a domain has for the partition; 1 where it is not given. */
  readonly owners?: number;
  readonly backOff: BackOff;
  /** After this the round ends without an outcome, milliseconds. */
  readonly deadlineMs: number;
  /** Whether SET was sent before, in the company of other readings, so that the flag may be TRUE already. */
  readonly setSent?: boolean;
  /**
   * How long a window that every domain says is not open is asked for again, milliseconds; until the deadline where it is not
   * given.
   */
  readonly unopenedMs?: number;
}

/** `acceptor` and `owner` are places in the placement's lists; a domain with fewer owners wraps `owner` round. */
export type UploadCall =
  | { readonly kind: 'set' | 'get'; readonly acceptor: number }
  | { readonly kind: 'upload'; readonly domain: number; readonly owner: number };

/**
 * A flag's outcome for SET and GET; what became of the share for UPLOAD. UNSENT of the first SET of all: it was kept back, because
 * too few acceptors answer.
 */
export type UploadReply = Outcome | 'STORED' | 'CONFLICT' | 'UNSENT';

export type UploadOut =
  /** The flag is TRUE. */
  | { readonly kind: 'committed' }
  /** The flag is ERROR, for ever. */
  | { readonly kind: 'errored' }
  /** SET was kept back and never sent, so that the reading may go under another id. */
  | { readonly kind: 'unset' }
  /** No outcome in time. Where SET was never sent the flag can only become ERROR. */
  | {
      readonly kind: 'unknown';
      readonly setSent: boolean;
      readonly lastFailure: ErrorCode | null;
      /** Heard after SET may have been sent, so that it decides nothing. */
      readonly refusal: ErrorCode | null;
    }
  /** Refused before SET was sent, so that the reading is certainly in no result. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Refusal =
  | { readonly kind: 'error'; readonly error: EngineError }
  | { readonly kind: 'conflict'; readonly domain: number };

export interface UploadState {
  readonly phase: 'upload' | 'set' | 'get' | 'over';
  /** SET or GET. */
  readonly flag: Lane;
  /** UPLOAD, one lane per domain. */
  readonly shares: readonly Lane[];
  readonly lastFailure: ErrorCode | null;
  readonly refusal: ErrorCode | null;
  readonly setSent: boolean;
  /** The acceptor that said ERROR, while no second one has. */
  readonly erredBy: number | null;
  /** Per domain whether the last that it said is that the window is not open. */
  readonly unopened: readonly boolean[];
  /** Whether a window that is not open was asked for again for as long as it is worth it; what was said before is forgotten. */
  readonly waited: boolean;
}

type UploadStep = Step<UploadState, UploadCall, UploadOut>;
type Effects = readonly Effect<UploadCall, UploadOut>[];

/**
 * One reading's two-phase commit (docs/PROTOCOL.md, "Rules of a flag"): UPLOAD every share, which creates the flag, and
 * SET the flag only after every share is acknowledged. Every request is idempotent and repeated until it helps: flag
 * messages at the next acceptor, shares at the next owner.
 *
 * A window that is not open may be opened in the next moment; the round asks again for a while, then everybody once more, and
 * believes all domains together, of which one that has stored its share says more than the others.
 *
 * Only TRUE and ERROR are outcomes, ERROR only from two acceptors where there are several. A refusal ends the round
 * while SET was never sent; afterwards a lost SET may still win, so a refusal (WINDOW_SEALED, say) only turns the
 * round to asking GET until the deadline.
 */
export function uploadRound(options: UploadOptions): Round<UploadState, UploadCall, UploadReply, UploadOut> {
  const { acceptors, domains, owners = 1, backOff, deadlineMs, setSent = false, unopenedMs } = options;
  invariant(acceptors > 0 && domains > 0 && owners > 0, 'expected at least one acceptor, domain and owner');

  /** The flag lane asks for what the phase needs next. */
  function askFlag(state: UploadState, phase: 'set' | 'get', lane: Lane): UploadStep {
    const id = `${phase}/${lane.turn}`;
    return {
      state: { ...state, phase, flag: { ...lane, awaits: id }, setSent: state.setSent || phase === 'set' },
      effects: [{ kind: 'call', id, call: { kind: phase, acceptor: lane.turn % acceptors } }],
    };
  }

  /**
   * Two acceptors have to say ERROR, because it frees the reading for another id: on the word of one that lies it
   * would count twice. Where they differ the outcome is unknown to the sensor.
   */
  function hearOutcome(state: UploadState, outcome: 'TRUE' | 'ERROR'): UploadStep {
    const { flag, erredBy } = state;
    const acceptor = flag.turn % acceptors;
    const second = erredBy !== null && erredBy !== acceptor;
    if (outcome === 'TRUE') return erredBy === null ? finish(state, { kind: 'committed' }) : unknown(state);
    if (second || acceptors === 1) return finish(state, { kind: 'errored' });
    const heard = { ...state, erredBy: acceptor };
    if (erredBy === null) return askFlag(heard, 'get', { turn: flag.turn + 1, misses: 0, awaits: '' });
    return repeatFlag(heard);
  }

  function repeatFlag(state: UploadState): UploadStep {
    const { lane, effects } = missed(state.flag, backOff);
    return { state: { ...state, flag: lane }, effects };
  }

  /** A refusal before SET is final; after one it says nothing, and the round goes on asking. */
  function refusedWith(state: UploadState, refusal: Refusal): UploadStep {
    if (!state.setSent) return finish(state, { kind: 'refused', refusal });
    const code = refusal.kind === 'error' ? refusal.error.code : 'SHARE_CONFLICT';
    return askFlag({ ...state, refusal: code }, 'get', { turn: state.flag.turn + 1, misses: 0, awaits: '' });
  }

  function stepFlag(state: UploadState, event: RoundEvent<UploadReply>): UploadStep {
    const { phase, flag } = state;
    invariant(phase === 'set' || phase === 'get', 'a flag event without a flag call');
    if (event.kind === 'wake') return askFlag(state, phase, flag);
    if (event.kind === 'failure') {
      const failed = { ...state, lastFailure: event.error.code };
      if (phase === 'get' || mayPass(event.error)) return repeatFlag(failed);
      return refusedWith(failed, { kind: 'error', error: event.error });
    }
    if (event.reply === 'UNSENT') {
      invariant(phase === 'set' && flag.turn === 0 && !setSent, 'only the first SET is ever kept back');
      return finish(state, { kind: 'unset' });
    }
    if (event.reply === 'ERROR') return hearOutcome(state, 'ERROR');
    if (event.reply === 'TRUE') return hearOutcome(state, 'TRUE');
    return repeatFlag(state);
  }

  function stepShare(
    state: UploadState,
    domain: number,
    lane: Lane,
    event: RoundEvent<UploadReply>,
  ): UploadStep {
    if (event.kind === 'wake') {
      const asked = askShare(lane, domain, owners);
      return { state: withShare(state, domain, asked.lane), effects: asked.effects };
    }
    if (event.kind === 'failure') {
      const failed = { ...state, lastFailure: event.error.code };
      if (!mayPass(event.error)) return refusedWith(failed, { kind: 'error', error: event.error });
      const next = missed(lane, backOff);
      const asking = { state: withShare(failed, domain, next.lane), effects: next.effects };
      if (event.error.code === 'WINDOW_NOT_OPEN') return hearUnopened(asking, domain, unopenedMs);
      // It can't tell any more, so that what it said before may be over.
      if (event.error.code !== 'INCOMPLETE') return asking;
      return { ...asking, state: heardUnopened(asking.state, domain, false) };
    }
    if (event.reply === 'CONFLICT') return refusedWith(state, { kind: 'conflict', domain });
    const stored = withShare(heardUnopened(state, domain, false), domain, { ...lane, awaits: '' });
    const all = stored.shares.every(({ awaits }) => awaits === '');
    return all ? askFlag(stored, 'set', stored.flag) : { state: stored, effects: [] };
  }

  return {
    start() {
      const asked = Array.from({ length: domains }, (_, domain) => askShare(RESTING, domain, owners));
      return {
        state: {
          phase: 'upload',
          flag: RESTING,
          shares: asked.map(({ lane }) => lane),
          lastFailure: null,
          refusal: null,
          setSent,
          erredBy: null,
          unopened: asked.map(() => false),
          waited: false,
        },
        effects: [
          { kind: 'wake', id: 'deadline', afterMs: deadlineMs, jitterMs: 0 },
          ...asked.flatMap(({ effects }) => effects),
        ],
      };
    },
    step(state, event) {
      if (state.phase === 'over') return { state, effects: [] };
      if (event.id === 'deadline') return unknown(state);
      if (event.id === state.flag.awaits) return stepFlag(state, event);
      if (state.phase !== 'upload') return { state, effects: [] };
      if (event.id === 'unopened') return askOnceMore(state, owners);
      const domain = state.shares.findIndex(({ awaits }) => awaits === event.id);
      const lane = state.shares[domain];
      return lane === undefined ? { state, effects: [] } : stepShare(state, domain, lane, event);
    },
  };
}

function askShare(lane: Lane, domain: number, owners: number): { lane: Lane; effects: Effects } {
  const id = `upload ${domain}/${lane.turn}`;
  const call: UploadCall = { kind: 'upload', domain, owner: lane.turn % owners };
  return { lane: { ...lane, awaits: id }, effects: [{ kind: 'call', id, call }] };
}

/**
 * The time for a window that is not open is over. What was said before may be over too, that the window has not begun
 * above all: only what is heard from now on is believed, and whoever would wait is asked at once.
 */
function askOnceMore(state: UploadState, owners: number): UploadStep {
  const asked = state.shares.map((lane, domain) =>
    pauses(lane) ? askShare(lane, domain, owners) : { lane, effects: [] },
  );
  const shares = asked.map(({ lane }) => lane);
  const unheard = { ...state, shares, waited: true, unopened: shares.map(() => false) };
  return { state: unheard, effects: asked.flatMap(({ effects }) => effects) };
}

function withShare(state: UploadState, domain: number, lane: Lane): UploadState {
  return { ...state, shares: state.shares.map((old, i) => (i === domain ? lane : old)) };
}

/** The first domain that says that the window is not open starts the time that is granted. */
function hearUnopened(
  { state, effects }: UploadStep,
  domain: number,
  unopenedMs: number | undefined,
): UploadStep {
  const begins = unopenedMs !== undefined && !state.waited && !state.unopened.includes(true);
  const heard = heardUnopened(state, domain, true);
  if (!begins) return givenUp(heard) ?? { state: heard, effects };
  const wake = { kind: 'wake', id: 'unopened', afterMs: unopenedMs, jitterMs: 0 } as const;
  return { state: heard, effects: [...effects, wake] };
}

/** Null while it is worth asking again, and where SET was sent: then somebody has had the window open. */
function givenUp(state: UploadState): UploadStep | null {
  if (!state.waited || state.setSent || state.unopened.includes(false)) return null;
  const error = new EngineError(
    'WINDOW_NOT_OPEN',
    'expected an open window, got one that no domain has open',
  );
  return finish(state, { kind: 'refused', refusal: { kind: 'error', error } });
}

function heardUnopened(state: UploadState, domain: number, said: boolean): UploadState {
  if (state.unopened[domain] === said) return state;
  return { ...state, unopened: state.unopened.map((old, i) => (i === domain ? said : old)) };
}

function unknown(state: UploadState): UploadStep {
  const { setSent, lastFailure, refusal } = state;
  return finish(state, { kind: 'unknown', setSent, lastFailure, refusal });
}

function finish(state: UploadState, out: UploadOut): UploadStep {
  return { state: { ...state, phase: 'over' }, effects: [{ kind: 'finish', out }] };
}
