import type { LimbSum } from '../src/arithmetic/index.ts';
import { addToLimbSum, createLimbSum, mergeLimbSum } from '../src/arithmetic/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import type { WindowId } from '../src/ring/index.ts';
import { RECORDS_KEPT_MAX } from './limits.ts';

export interface RecordPlace {
  readonly window: WindowId;
  readonly group: string | undefined;
}

/** Readings of one window and group that have not been sent. */
export interface RecordedSum extends RecordPlace {
  readonly total: LimbSum;
  count: number;
}

/** The sums of recorded readings, one for each window and group. */
export interface RecordedSums {
  /** @param vector encoded. @throws EngineError `RECORDS_UNSENT` where it is one window or group too many */
  add(place: RecordPlace, vector: Uint8Array, elements: number): void;
  /** Hands out all sums; what is added from now on begins new ones. */
  takeAll(): readonly RecordedSum[];
  /** Puts back what was not sent. */
  keep(sum: RecordedSum): void;
  /** The window of each sum. */
  windows(): readonly WindowId[];
  /** Readings in all of them. */
  count(): number;
}

export function createRecordedSums(): RecordedSums {
  const sums = new Map<string, RecordedSum>();
  return {
    add(place, vector, elements) {
      let sum = sums.get(nameOf(place));
      if (sum === undefined) {
        if (sums.size >= RECORDS_KEPT_MAX) {
          const most = `at most ${RECORDS_KEPT_MAX} windows and groups with readings that are not sent`;
          throw new EngineError('RECORDS_UNSENT', `expected ${most}; the reading was not taken`);
        }
        sum = { ...place, total: createLimbSum(elements), count: 0 };
        sums.set(nameOf(place), sum);
      }
      addToLimbSum(sum.total, vector);
      sum.count += 1;
    },
    takeAll() {
      const all = [...sums.values()];
      sums.clear();
      return all;
    },
    keep(sum) {
      const since = sums.get(nameOf(sum));
      sums.set(nameOf(sum), sum);
      if (since === undefined) return;
      mergeLimbSum(sum.total, since.total);
      sum.count += since.count;
    },
    windows: () => [...sums.values()].map(({ window }) => window),
    count: () => [...sums.values()].reduce((total, { count }) => total + count, 0),
  };
}

function nameOf({ window, group }: RecordPlace): string {
  return `${window}/${group ?? ''}`;
}
