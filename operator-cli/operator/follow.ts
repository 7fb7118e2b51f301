import { EngineError } from '../../src/foundation/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import { FOLLOW_MS, PART_WAIT_MS, PARTS_AT_ONCE } from './limits.ts';
import type { OperatorPorts } from './ports.ts';
import {
  computePart,
  type MissingPart,
  type Part,
  partsOf,
  type ReleasedPart,
  type SeriesQuestion,
} from './series.ts';

export interface FollowOptions {
  /** Ends the following; there is no other end. */
  readonly signal: AbortSignal;
  /** Gets every part once: its result, or why there will never be one. */
  readonly onAnswer: (answer: ReleasedPart | MissingPart) => void;
  /** Gets what keeps the program from asking, such as nodes that are away; it asks again. */
  readonly onTrouble: (error: EngineError) => void;
}

/**
 * Watches the windows of a question and tells of each when it is released, withheld or erased: those that are
 * already, then the next ones as they come. Windows that begin before one that was seen are not looked for.
 * @throws EngineError what asking again would not change
 */
export async function followSeries(
  ports: OperatorPorts,
  stream: StreamDocument,
  question: SeriesQuestion,
  { signal, onAnswer, onTrouble }: FollowOptions,
): Promise<void> {
  let { from = 0 } = question;
  let told = new Set<string>();

  async function look(): Promise<void> {
    const parts = await partsOf(ports, stream, { ...question, from }, { signal });
    const due = parts.filter((part) => !told.has(nameOf(part)) && isDecidable(part));
    const answers = await mapAtOnce(due, PARTS_AT_ONCE, (part) =>
      computePart(ports, stream, part, {}, { signal, waitMs: PART_WAIT_MS }),
    );
    for (const answer of answers) {
      if ('state' in answer && (answer.state === 'incomplete' || answer.state === 'unsealed')) continue;
      told.add(nameOf(answer));
      onAnswer(answer);
    }
    // What is told and behind everything that is still to come need not be remembered or listed any more.
    const waiting = parts.find((part) => part.state !== 'UNOPENED' && !told.has(nameOf(part)));
    from = waiting?.window ?? parts.at(-1)?.window ?? from;
    told = new Set(
      parts
        .filter(({ window }) => window >= from)
        .map(nameOf)
        .filter((name) => told.has(name)),
    );
  }

  while (!signal.aborted) {
    try {
      await look();
      await ports.clock.sleep(FOLLOW_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof EngineError) || !error.retry) throw error;
      onTrouble(error);
      await ports.clock.sleep(FOLLOW_MS, signal).catch(() => undefined);
    }
  }
}

function isDecidable({ state }: Part): boolean {
  return state !== 'OPEN' && state !== 'UNOPENED';
}

function nameOf({ window, group }: Pick<Part, 'window' | 'group'>): string {
  return `${window}.${group.group}`;
}
