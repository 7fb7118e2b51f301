import { EngineError } from '../foundation/index.ts';
import type { Clock } from '../ports/index.ts';
import { createAnswerTimes } from './answer-times.ts';
import type { Heartbeat } from './heartbeat.ts';
import { ALIVE, beat, beginToWait } from './heartbeat.ts';

/** Between two beats, at each of which a node that somebody waits for is asked for a sign of life. */
const BEAT_MS = 1_000;
/** The same at most, where signs take long lately: then it is the load, and a beat is three times as long as they take. */
const BEAT_MS_MAX = 5_000;
/** For so long a node that has just been given up is away to everybody, and is not asked for a sign again. */
const AWAY_MS = 1_000;

/** Which nodes stand still: stopped, or their computer is, so that nothing answers any more and no connection breaks. */
export interface SignsOfLife {
  /** The node has answered, whatever it was and whether it was a refusal. */
  heard(node: string): void;
  /** Whether the node was given up and has not answered since. */
  isSilent(node: string): boolean;
  /**
   * Asks, and waits for as long as the node gives signs of life. Otherwise the signal that `ask` gets aborts with `UNREACHABLE`.
   * @returns what `ask` does, so that who waits for it hears of it no later
   */
  watched<T>(node: string, ask: (signal: AbortSignal) => Promise<T>, given?: AbortSignal): Promise<T>;
  /** Resolves when a silent node has answered. @throws EngineError `UNREACHABLE` at the next beat, or what the ping throws */
  awaitSign(node: string): Promise<void>;
}

/** Why the beats end; one for all, because the platform would make one with a stack for each. */
const NOBODY_WAITS = new DOMException('nobody waits any more', 'AbortError');

interface Known {
  heart: Heartbeat;
  /** When it was last given up; null where it has answered since. */
  givenUpAt: number | null;
  /** Those who wait for it. */
  readonly waiting: Set<AbortController>;
  /** Ends the beats. */
  over: AbortController;
  /** The one question that finds out whether it is back. */
  sign: Promise<unknown> | null;
}

/** @param ping asks a node for anything that it answers at once. */
export function createSignsOfLife(
  clock: Clock,
  ping: (node: string, signal?: AbortSignal) => Promise<unknown>,
): SignsOfLife {
  const nodes = new Map<string, Known>();
  /** Questions by the signal that they were given: one may be given to a question to every node of a ring, and is listened to once. */
  const followers = new WeakMap<AbortSignal, Set<AbortController>>();
  const times = createAnswerTimes(BEAT_MS, BEAT_MS_MAX);

  function knownOf(node: string): Known {
    const known = nodes.get(node) ?? {
      heart: ALIVE,
      givenUpAt: null,
      waiting: new Set(),
      over: new AbortController(),
      sign: null,
    };
    nodes.set(node, known);
    return known;
  }

  function askForSign(node: string, signal?: AbortSignal): Promise<unknown> {
    const from = clock.now();
    const answer = ping(node, signal);
    answer.then(
      () => times.note(Math.max(0, clock.now() - from)),
      () => {},
    );
    return answer;
  }

  /** @returns ends it */
  function follow(given: AbortSignal, one: AbortController): () => void {
    if (given.aborted) one.abort(given.reason);
    const known = followers.get(given);
    const following = known ?? new Set();
    following.add(one);
    if (known === undefined) {
      followers.set(given, following);
      const abort = () => following.forEach((each) => void each.abort(given.reason));
      given.addEventListener('abort', abort, { once: true });
    }
    return () => void following.delete(one);
  }

  async function attend(node: string, known: Known, { signal }: AbortController): Promise<void> {
    for (;;) {
      await clock.sleep(times.longMs(), signal).catch(() => {});
      if (signal.aborted) return;
      known.heart = beat(known.heart);
      if (!known.heart.silent) void askForSign(node);
      else {
        known.givenUpAt = clock.now();
        for (const one of known.waiting) one.abort(silence(node));
      }
    }
  }

  function watched<T>(
    node: string,
    ask: (signal: AbortSignal) => Promise<T>,
    given?: AbortSignal,
  ): Promise<T> {
    const known = knownOf(node);
    const one = new AbortController();
    const unfollow = given && follow(given, one);
    const end = () => {
      unfollow?.();
      known.waiting.delete(one);
      if (known.waiting.size === 0) known.over.abort(NOBODY_WAITS);
    };
    if (known.waiting.size === 0) {
      known.heart = beginToWait(known.heart);
      known.over = new AbortController();
      void attend(node, known, known.over);
    }
    known.waiting.add(one);
    const answer = ask(one.signal);
    answer.then(end, end);
    return answer;
  }

  return {
    heard(node) {
      const known = nodes.get(node);
      if (known === undefined) return;
      known.heart = ALIVE;
      known.givenUpAt = null;
    },
    isSilent: (node) => nodes.get(node)?.heart.silent === true,
    watched,
    async awaitSign(node) {
      const known = knownOf(node);
      const passedMs = known.givenUpAt === null ? AWAY_MS : clock.now() - known.givenUpAt;
      // A clock that was set back says nothing about how long that is ago.
      if (passedMs >= 0 && passedMs < AWAY_MS) throw silence(node);
      known.sign ??= watched(node, (signal) => askForSign(node, signal)).finally(() => {
        known.sign = null;
      });
      await known.sign;
    },
  };
}

function silence(node: string): EngineError {
  const message = `no answer from node ${node}: it answers nothing at all any more`;
  return new EngineError('UNREACHABLE', message, { node, cause: 'SILENT' });
}
