import { EngineError, invariant } from '../foundation/index.ts';
import type { Clock, RandomBytes } from '../ports/index.ts';
import type { Effect, Round, RoundEvent } from './round.ts';

export interface RoundPorts<Call, Reply> {
  /** Carries a call out. An `EngineError` becomes a failure event; anything else ends the round. */
  perform(call: Call, signal: AbortSignal): Promise<Reply>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** Effects that one round may have under way at once; more is a loop in the round, not work. */
const EFFECTS_UNDER_WAY_MAX = 100_000;

/**
 * The one interpreter: runs a round's effects and feeds what happens back until it finishes.
 * @throws the signal's reason when it aborts first, or what `perform` threw that is no operating error.
 */
export async function runRound<State, Call, Reply, Out>(
  round: Round<State, Call, Reply, Out>,
  ports: RoundPorts<Call, Reply>,
  signal?: AbortSignal,
): Promise<Out> {
  signal?.throwIfAborted();
  return new Promise<Out>((resolve, reject) => interpret(round, ports, signal, resolve, reject));
}

/** Why effects of a finished round end; one for all, because the platform would make one with a stack for each. */
const ROUND_OVER = new DOMException('the round is over', 'AbortError');

function interpret<State, Call, Reply, Out>(
  round: Round<State, Call, Reply, Out>,
  ports: RoundPorts<Call, Reply>,
  signal: AbortSignal | undefined,
  resolve: (out: Out) => void,
  reject: (reason: unknown) => void,
): void {
  let underWay = 0;
  let finished = false;
  // One controller per effect: a round asks many nodes at once, and a listener each on one signal would look
  // like a leak to the platform.
  const effectsUnderWay = new Set<AbortController>();
  const first = round.start();
  let state = first.state;
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    runAll(first.effects);
  } catch (error) {
    fail(error);
  }

  function aborted(): void {
    end(signal?.reason);
    reject(signal?.reason);
  }

  function fail(reason: unknown): void {
    end(ROUND_OVER);
    reject(reason);
  }

  function end(reason: unknown): void {
    finished = true;
    signal?.removeEventListener('abort', aborted);
    for (const effect of effectsUnderWay) effect.abort(reason);
    effectsUnderWay.clear();
  }

  function happened(event: RoundEvent<Reply>): void {
    underWay -= 1;
    if (finished) return;
    try {
      const next = round.step(state, event);
      state = next.state;
      runAll(next.effects);
    } catch (error) {
      fail(error);
    }
  }

  function runAll(effects: readonly Effect<Call, Out>[]): void {
    for (const effect of effects) {
      if (finished) return;
      if (effect.kind === 'finish') {
        end(ROUND_OVER);
        resolve(effect.out);
        return;
      }
      underWay += 1;
      invariant(underWay <= EFFECTS_UNDER_WAY_MAX, 'a round has too many effects under way');
      if (effect.kind === 'call') perform(effect.id, effect.call);
      else wake(effect.id, effect.afterMs, effect.jitterMs);
    }
    if (underWay === 0 && !finished) fail(new EngineError('INTERNAL', 'a round stopped without an outcome'));
  }

  function perform(id: string, call: Call): void {
    const effect = new AbortController();
    effectsUnderWay.add(effect);
    ports.perform(call, effect.signal).then(
      (reply) => {
        effectsUnderWay.delete(effect);
        happened({ kind: 'reply', id, reply });
      },
      (error: unknown) => {
        effectsUnderWay.delete(effect);
        if (error instanceof EngineError) happened({ kind: 'failure', id, error });
        else fail(error);
      },
    );
  }

  function wake(id: string, afterMs: number, jitterMs: number): void {
    const effect = new AbortController();
    effectsUnderWay.add(effect);
    const woken = () => {
      effectsUnderWay.delete(effect);
      happened({ kind: 'wake', id });
    };
    ports.clock
      .sleep(afterMs + Math.floor(jitterMs * uniform(ports.randomBytes)), effect.signal)
      .then(woken, woken);
  }
}

/** A number in [0, 1) with 32 random bits. */
function uniform(randomBytes: RandomBytes): number {
  const bytes = randomBytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 4_294_967_296;
}
