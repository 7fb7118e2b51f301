import { EngineError } from '../../../src/foundation/index.ts';
import type { Effect, Round, RoundEvent } from '../../../src/rounds/index.ts';

export const LOST = new EngineError('UNREACHABLE', 'lost');

/** A round driven by hand, or by a plain world that answers its calls. */
export interface DrivenRound<State, Call, Reply, Out> {
  /** What the last event led to. */
  effects(): readonly Effect<Call, Out>[];
  calls(): readonly Call[];
  state(): State;
  /** Undefined until the round finishes. */
  out(): Out | undefined;
  reply(id: string, reply: Reply): void;
  fail(id: string, error?: EngineError): void;
  wake(id: string): void;
  /** Answers call after call, first asked first, until the round finishes or asks nothing more; null is a failure. */
  answerAll(answer: (call: Call, id: string) => Reply | null): readonly Call[];
}

export function driveRound<State, Call, Reply, Out>(
  round: Round<State, Call, Reply, Out>,
): DrivenRound<State, Call, Reply, Out> {
  const first = round.start();
  let { state, effects } = first;
  let out: Out | undefined;
  let underWay: { readonly id: string; readonly call: Call }[] = [];
  note();

  function note(): void {
    for (const effect of effects) {
      if (effect.kind === 'call') underWay.push({ id: effect.id, call: effect.call });
      // As the interpreter does: a round that has finished hears nothing more, so a later word of it is none.
      if (effect.kind === 'finish') out ??= effect.out;
    }
  }

  function happen(event: RoundEvent<Reply>): void {
    underWay = underWay.filter(({ id }) => id !== event.id);
    ({ state, effects } = round.step(state, event));
    note();
  }

  return {
    effects: () => effects,
    calls: () => effects.flatMap((effect) => (effect.kind === 'call' ? [effect.call] : [])),
    state: () => state,
    out: () => out,
    reply: (id, reply) => happen({ kind: 'reply', id, reply }),
    fail: (id, error = LOST) => happen({ kind: 'failure', id, error }),
    wake: (id) => happen({ kind: 'wake', id }),
    answerAll(answer) {
      const asked: Call[] = [];
      for (let next = underWay[0]; next !== undefined && out === undefined; next = underWay[0]) {
        asked.push(next.call);
        const reply = answer(next.call, next.id);
        happen(
          reply === null
            ? { kind: 'failure', id: next.id, error: LOST }
            : { kind: 'reply', id: next.id, reply },
        );
      }
      return asked;
    },
  };
}
