import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import type { DiskRows } from './disk-rows.ts';

export interface DecidingNode {
  readonly node: string;
  readonly rows: Pick<DiskRows, 'exclusion'>;
}

/** EXACT: a reading is left out only where a domain has lost its share of it. */
export interface ExclusionChecker {
  /** A row of the windows table has become durable. */
  stored(node: DecidingNode, key: Uint8Array): void;
}

/** @param wasLost whether a domain had, at some moment until now, no row of the flag that opens. */
export function createExclusionChecker(
  wasLost: (scope: WindowScope, entry: FlagEntry) => boolean,
  violation: (what: string) => void,
): ExclusionChecker {
  return {
    stored({ node, rows }, key) {
      const decided = rows.exclusion(key);
      if (decided === undefined) return;
      const { scope, value } = decided;
      if (value.excluded.some((entry) => !wasLost(scope, entry)))
        violation(`EXACT: ${node} knows of an exclusion of a reading that no domain has lost`);
    },
  };
}
