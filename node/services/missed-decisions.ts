import { hasCode } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { Decisions } from './decisions.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface MissedDecisionsComponents {
  readonly decisions: Pick<Decisions, 'read'>;
  readonly windows: Pick<Windows, 'all' | 'learn'>;
  readonly clock: Clock;
}

/** What was decided about windows while this node was away, so that it says how far they are without being asked. */
export interface MissedDecisions {
  /** Reads what is decided of one window, without a ballot; the windows that may be sealed take turns. */
  run(signal: AbortSignal): Promise<void>;
}

export function createMissedDecisions(components: MissedDecisionsComponents): MissedDecisions {
  const { decisions, windows, clock } = components;
  let turns: OpenWindowRecord[] = [];

  const isOver = ({ release, erased }: OpenWindowRecord): boolean => release !== null || erased;
  const mayBeSealed = ({ terms }: OpenWindowRecord): boolean => terms.value.notBefore <= clock.now();

  function next(): OpenWindowRecord | undefined {
    if (turns.length === 0) turns = windows.all().filter((record) => !isOver(record) && mayBeSealed(record));
    return turns.shift();
  }

  async function hear(
    record: OpenWindowRecord,
    decision: 'settlement' | 'release',
    signal: AbortSignal,
  ): Promise<void> {
    const decided = await decisions.read(record, decision, signal);
    if (decided === null) return;
    await windows.learn(record, decision, decided).catch((error: unknown) => {
      // Erased meanwhile: there is nothing left to learn.
      if (!hasCode(error, 'WINDOW_ERASED')) throw error;
    });
  }

  return {
    async run(signal) {
      const record = next();
      if (record === undefined || isOver(record)) return;
      if (record.settlement === null) await hear(record, 'settlement', signal);
      // Nothing is released before it is settled.
      if (record.settlement !== null) await hear(record, 'release', signal);
    },
  };
}
