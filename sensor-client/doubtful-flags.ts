import { EngineError } from '../src/foundation/index.ts';
import type { Outcome } from '../src/protocol/index.ts';

/** Flags of recorded sums that may be TRUE or not: to send their readings again could count them twice. */
export interface DoubtfulFlags {
  /** @param count readings behind the flag. */
  note(flagKey: string, count: number): void;
  /** Flags that are not decided, as far as is known. */
  size(): number;
  /** Asks what became of them. */
  settle(): Promise<void>;
  /** What is still doubtful. One of which nobody can tell any more, because its window is erased, is told once. */
  take(): ReadonlyMap<string, number>;
}

/**
 * @param outcomeOf asks what became of a flag.
 * @param lost hears of readings that are in no result. They are not sent again: one node's word is not enough.
 */
export function createDoubtfulFlags(
  outcomeOf: (flagKey: string) => Promise<Outcome>,
  lost: (count: number) => void,
): DoubtfulFlags {
  const doubtful = new Map<string, number>();
  const untold = new Set<string>();
  /** Each is asked about once at a time, however many wait for it. */
  const asking = new Map<string, Promise<void>>();

  async function ask(flagKey: string, count: number): Promise<void> {
    const outcome = await outcomeOf(flagKey).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'WINDOW_ERASED') untold.add(flagKey);
      return 'UNDECIDED';
    });
    if (outcome === 'UNDECIDED') return;
    doubtful.delete(flagKey);
    if (outcome === 'ERROR') lost(count);
  }

  return {
    note: (flagKey, count) => void doubtful.set(flagKey, count),
    size: () => doubtful.size,
    async settle() {
      const open = [...doubtful].filter(([flagKey]) => !untold.has(flagKey));
      await Promise.all(
        open.map(([flagKey, count]) => {
          const asked = asking.get(flagKey) ?? ask(flagKey, count).finally(() => asking.delete(flagKey));
          asking.set(flagKey, asked);
          return asked;
        }),
      );
    },
    take() {
      const found = new Map(doubtful);
      for (const flagKey of untold) doubtful.delete(flagKey);
      untold.clear();
      return found;
    },
  };
}
