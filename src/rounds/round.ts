import type { EngineError } from '../foundation/index.ts';

/**
 * A protocol as a pure step. A round's state is a plain value; what should happen outside is said in effects,
 * what did happen comes back as events. Calls, their replies and wake-ups are matched by `id`, which is
 * unique among the effects of one round that are still under way.
 */
export type Effect<Call, Out> =
  | { readonly kind: 'call'; readonly id: string; readonly call: Call }
  /** Wakes the round after `afterMs` and a random part of `jitterMs` more. */
  | { readonly kind: 'wake'; readonly id: string; readonly afterMs: number; readonly jitterMs: number }
  /** The round is over; calls and wake-ups under way are dropped. */
  | { readonly kind: 'finish'; readonly out: Out };

export type RoundEvent<Reply> =
  | { readonly kind: 'reply'; readonly id: string; readonly reply: Reply }
  | { readonly kind: 'failure'; readonly id: string; readonly error: EngineError }
  | { readonly kind: 'wake'; readonly id: string };

export interface Step<State, Call, Out> {
  readonly state: State;
  readonly effects: readonly Effect<Call, Out>[];
}

export interface Round<State, Call, Reply, Out> {
  start(): Step<State, Call, Out>;
  step(state: State, event: RoundEvent<Reply>): Step<State, Call, Out>;
}
