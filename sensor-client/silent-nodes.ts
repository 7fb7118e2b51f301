import { EngineError, hasCode } from '../src/foundation/index.ts';
import type { Clock } from '../src/ports/index.ts';
import type { NodeId } from '../src/ring/index.ts';
import type { AnswerTimes } from '../src/rounds/answer-times.ts';
import { createAnswerTimes } from '../src/rounds/answer-times.ts';
import { createStop } from '../src/rounds/stop.ts';
import { PATIENCE_MS, REQUEST_MS_MAX, SILENT_FOR_MS } from './limits.ts';

/** Which nodes do not answer: a hint whom to ask last, never a fact. */
export interface SilentNodes {
  /**
   * Waits for an answer for as long as is worth it while another node can be asked; the request itself goes on. Where
   * most nodes are slow it is the load, and the wait is as long as a request: asking more would make it worse.
   * @param turn how many nodes were asked before. The first is waited for until it is late beside others; then the wait
   * doubles with each, so that slow nodes are not asked all the more often.
   * @param mostMs the wait is no longer, whatever the load.
   * @throws EngineError `UNREACHABLE` when the wait is over, or what the request throws
   */
  wait<T>(node: NodeId, asked: Promise<T>, turn: number, mostMs?: number): Promise<T>;
  /** The same for a request about one reading: what is late beside others of its kind. */
  waitLone<T>(node: NodeId, asked: Promise<T>, turn: number, mostMs?: number): Promise<T>;
  /** The same for a reading that a node relays: its answer takes several of theirs, and would be late beside them each time. */
  waitRelayed<T>(node: NodeId, asked: Promise<T>, turn: number, mostMs?: number): Promise<T>;
  /** Whether the last that was heard of the node is an answer. */
  hasAnswered(node: NodeId): boolean;
  /** The nodes that are silent now; those first that may be back, because they have been heard of the longest ago. */
  now(): ReadonlySet<NodeId>;
  /** Those of them of which a request came to nothing: they are not only late, as where all are slow. */
  dead(): ReadonlySet<NodeId>;
}

/** Silent nodes that are more than one that hangs and one that starts. */
const CROWDED_AT = 3;

/** Why the patience ends; one for all, because the platform would make one with a stack for each. */
const ANSWERED = new DOMException('the answer was first', 'AbortError');

interface Heard {
  requests: number;
  answered: boolean;
  /** Whether the last request that ended came to nothing. */
  dead: boolean;
  /** When a request last came to nothing; null where an answer has come since. */
  failedAt: number | null;
}

/** After a failure, one request at a time finds out whether the node is back; new readings ask it last meanwhile. */
export function createSilentNodes(clock: Clock): SilentNodes {
  const known = new Map<NodeId, Heard>();
  /** Of requests about one reading, of those that nodes carry on to others, and of those about many. */
  const loneTimes = createAnswerTimes(PATIENCE_MS, REQUEST_MS_MAX);
  const relayTimes = createAnswerTimes(PATIENCE_MS, REQUEST_MS_MAX, loneTimes);
  const flushTimes = createAnswerTimes(PATIENCE_MS, REQUEST_MS_MAX);

  function isSilent({ requests, failedAt }: Heard): boolean {
    if (failedAt === null) return false;
    const agoMs = clock.now() - failedAt;
    // A clock that was set back says nothing about how long that is ago.
    return requests > 0 || (agoMs >= 0 && agoMs < SILENT_FOR_MS);
  }

  function isCrowded(): boolean {
    const silent = [...known.values()].filter(isSilent).length;
    return silent >= CROWDED_AT && 2 * silent >= known.size;
  }

  async function watch<T>(node: NodeId, asked: Promise<T>): Promise<T> {
    const heard = known.get(node) ?? { requests: 0, answered: false, dead: false, failedAt: null };
    known.set(node, heard);
    heard.requests += 1;
    try {
      const answer = await asked;
      heard.failedAt = null;
      heard.answered = true;
      heard.dead = false;
      return answer;
    } catch (error) {
      // A node that starts says so and takes nothing yet.
      heard.dead = hasCode(error, 'UNREACHABLE', 'NOT_READY');
      heard.failedAt = heard.dead ? clock.now() : null;
      throw error;
    } finally {
      heard.requests -= 1;
    }
  }

  async function waitFor<T>(
    times: AnswerTimes,
    node: NodeId,
    asked: Promise<T>,
    turn: number,
    mostMs = REQUEST_MS_MAX,
  ): Promise<T> {
    const longest = Math.min(REQUEST_MS_MAX, mostMs);
    const patience = turn === 0 ? times.lateMs() : Math.min(REQUEST_MS_MAX, times.longMs() * 2 ** turn);
    // Who is asked later waits for the one that hangs, as a rule, and says nothing about how long answers take.
    if (turn === 0) note(times, asked);
    const answer = watch(node, asked);
    const answered = createStop();
    const patient = async () => {
      await clock.sleep(Math.min(patience, longest), answered.signal);
      const heard = known.get(node);
      // Who had less time than others is not silent for it.
      if (heard !== undefined && patience <= longest) heard.failedAt = clock.now();
      for (let leftMs = longest - patience; leftMs > 0 && isCrowded(); leftMs -= patience) {
        await clock.sleep(Math.min(patience, leftMs), answered.signal);
      }
      throw new EngineError(
        'UNREACHABLE',
        `no answer from node ${node} within ${Math.min(patience, longest)} ms`,
      );
    };
    const over = patient();
    try {
      return await Promise.race([answer, over]);
    } finally {
      answered.stop(ANSWERED);
      answer.catch(() => {});
      over.catch(() => {});
    }
  }

  function note(times: AnswerTimes, asked: Promise<unknown>): void {
    const from = clock.now();
    // Also where it is late: how long answers take is what says when the next one is.
    asked.then(
      () => times.note(clock.now() - from),
      () => {},
    );
  }

  /** What has been heard of a node last, as a time: of one that owes an answer now, nothing good. */
  const badSince = ({ requests, failedAt }: Heard) => (requests > 0 ? clock.now() : (failedAt ?? 0));

  return {
    wait: (node, asked, turn, mostMs) => waitFor(flushTimes, node, asked, turn, mostMs),
    waitLone: (node, asked, turn, mostMs) => waitFor(loneTimes, node, asked, turn, mostMs),
    waitRelayed: (node, asked, turn, mostMs) => waitFor(relayTimes, node, asked, turn, mostMs),
    hasAnswered: (node) => {
      const heard = known.get(node);
      return heard?.answered === true && heard.failedAt === null;
    },
    now: () =>
      new Set(
        [...known]
          .filter(([, heard]) => isSilent(heard))
          .sort(([, a], [, b]) => badSince(a) - badSince(b))
          .map(([node]) => node),
      ),
    dead: () => new Set([...known].flatMap(([node, heard]) => (isSilent(heard) && heard.dead ? [node] : []))),
  };
}

/** The nodes in their order, but for the silent ones, which come last and in theirs. */
export function silentLast(nodes: readonly NodeId[], silent: ReadonlySet<NodeId>): readonly NodeId[] {
  if (silent.size === 0) return nodes;
  return [
    ...nodes.filter((node) => !silent.has(node)),
    ...[...silent].filter((node) => nodes.includes(node)),
  ];
}
