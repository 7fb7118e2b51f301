import { EngineError, invariant } from '../../../src/foundation/index.ts';
import type { Round, RoundEvent, Step } from '../../../src/rounds/index.ts';
import type { Interner } from './interner.ts';
import { createInterner, memoized } from './interner.ts';

export interface Sent<Call> {
  readonly id: string;
  readonly call: Call;
}

/** One run of a production round, with everything it ever asked. */
export interface Process<State, Call, Out> {
  /** Null once the round has finished: nothing steps it any more. */
  readonly round: State | null;
  /** Every call it ever made. A request stays on the network for ever and may arrive at any time, any number of times. */
  readonly sent: readonly Sent<Call>[];
  /** Places in `sent` whose one event, a reply or a failure, has not come. */
  readonly awaited: readonly number[];
  readonly sleeping: readonly string[];
  readonly out: Out | null;
}

/** All runs of one round, as numbers. */
export interface ProcessKind<State, Call, Reply, Out> {
  readonly start: number;
  readonly replies: Interner<Reply>;
  valueOf(id: number): Process<State, Call, Out>;
  /** The process after the reply to `sent[place]`; itself where that reply is no longer awaited. */
  hear(id: number, place: number, reply: number): number;
  /** The process after `sent[place]` was given up. */
  fail(id: number, place: number): number;
  /** The process after its pause. */
  wake(id: number): number;
}

export interface ProcessOptions<State, Call, Reply> {
  /**
   * Calls whose replies the round ignores from now on. They are failed at once, so that states that differ in
   * nothing but such calls are one.
   */
  readonly stale?: (round: State, sent: Sent<Call>) => boolean;
  /** Whether requests of a finished round still matter where they arrive; true by default. */
  readonly lateRequests?: boolean;
  /** Shared by the kinds of a model, so that one reply has one number for all of them. */
  readonly replies?: Interner<Reply>;
}

const GIVEN_UP = new EngineError('UNREACHABLE', 'lost');

export function createProcessKind<State, Call, Reply, Out>(
  round: Round<State, Call, Reply, Out>,
  options: ProcessOptions<State, Call, Reply> = {},
): ProcessKind<State, Call, Reply, Out> {
  type P = Process<State, Call, Out>;
  const processes = createInterner<P>();
  const replies = options.replies ?? createInterner<Reply>();

  function after(before: P, step: Step<State, Call, Out>): P {
    const sent = [...before.sent];
    const awaited = [...before.awaited];
    const sleeping = [...before.sleeping];
    for (const effect of step.effects) {
      if (effect.kind === 'finish') {
        const late = options.lateRequests === false ? [] : sent;
        return { round: null, sent: late, awaited: [], sleeping: [], out: effect.out };
      }
      if (effect.kind === 'call') awaited.push(sent.push({ id: effect.id, call: effect.call }) - 1);
      else sleeping.push(effect.id);
    }
    return { round: step.state, sent, awaited, sleeping, out: null };
  }

  function happen(process: P, event: RoundEvent<Reply>): P {
    invariant(process.round !== null, 'a finished round is not stepped');
    const next = after(process, round.step(process.round, event));
    const state = next.round;
    if (state === null || options.stale === undefined) return next;
    const place = next.awaited.find((at) => {
      const sent = next.sent[at];
      return sent !== undefined && options.stale?.(state, sent);
    });
    return place === undefined ? next : failure(next, place);
  }

  function taken(process: P, place: number): P {
    return { ...process, awaited: process.awaited.filter((at) => at !== place) };
  }

  function failure(process: P, place: number): P {
    const id = process.sent[place]?.id ?? '';
    return happen(taken(process, place), { kind: 'failure', id, error: GIVEN_UP });
  }

  const hearMemo = memoized((id, event) => {
    const process = processes.valueOf(id);
    const [place, reply] = [event % PLACES_MAX, Math.floor(event / PLACES_MAX)];
    if (!process.awaited.includes(place)) return id;
    const callId = process.sent[place]?.id ?? '';
    return processes.idOf(
      happen(taken(process, place), { kind: 'reply', id: callId, reply: replies.valueOf(reply) }),
    );
  });
  const failMemo = memoized((id, place) => {
    const process = processes.valueOf(id);
    return process.awaited.includes(place) ? processes.idOf(failure(process, place)) : id;
  });
  const wakeMemo = memoized((id) => {
    const process = processes.valueOf(id);
    const [wake, ...sleeping] = process.sleeping;
    if (wake === undefined) return id;
    return processes.idOf(happen({ ...process, sleeping }, { kind: 'wake', id: wake }));
  });

  const nothing: P = { round: null, sent: [], awaited: [], sleeping: [], out: null };
  return {
    start: processes.idOf(after(nothing, round.start())),
    replies,
    valueOf: processes.valueOf,
    hear: (id, place, reply) => {
      invariant(
        place < PLACES_MAX && reply < REPLIES_MAX,
        'a round of a model has too many calls or replies',
      );
      return hearMemo(id, reply * PLACES_MAX + place);
    },
    fail: failMemo,
    wake: (id) => wakeMemo(id, 0),
  };
}

/** Calls one round may make in a model, and different replies it may hear: together they fit in one number. */
const PLACES_MAX = 64;
const REPLIES_MAX = 1_024;
