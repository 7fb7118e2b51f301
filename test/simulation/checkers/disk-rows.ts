import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { decodeFlagRow, decodeValueRow, type FlagRow, type ValueRow } from '../../../node/engine/rows.ts';
import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import { flagRowKey } from '../../../src/protocol/index.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { SimulatedKeys } from '../window-keys.ts';

/** What a node would find about a flag if it started now; undefined where there is no good row. */
export interface DiskRows {
  flag(scope: WindowScope, entry: FlagEntry): FlagRow | undefined;
  value(scope: WindowScope, entry: FlagEntry): ValueRow | undefined;
}

export function createDiskRows(disk: SimulatedDisk, keys: SimulatedKeys): DiskRows {
  const seal = createRowSeal(() => {
    throw new Error('expected a reader of rows to write none');
  });

  function open(table: 'flags' | 'values', scope: WindowScope, entry: FlagEntry): Uint8Array | undefined {
    const rowKey = flagRowKey(scope, entry);
    const sealed = disk.get(table, rowKey);
    const key = keys.peek(scope.stream, scope.window);
    if (sealed === undefined || key === undefined) return undefined;
    return seal.open(key, table, rowKey, sealed) ?? undefined;
  }

  return {
    flag(scope, entry) {
      const plain = open('flags', scope, entry);
      return plain === undefined ? undefined : decodeFlagRow(plain);
    },
    value(scope, entry) {
      const plain = open('values', scope, entry);
      return plain === undefined ? undefined : decodeValueRow(plain);
    },
  };
}
