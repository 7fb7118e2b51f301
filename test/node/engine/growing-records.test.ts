import { expect, test } from 'vitest';
import { createCorruptRows } from '../../../node/engine/corrupt-rows.ts';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { growRecords } from '../../../node/engine/growing-records.ts';
import type { CommitGroup } from '../../../node/engine/journal.ts';
import { openJournal } from '../../../node/engine/journal.ts';
import { createOpenedRecords } from '../../../node/engine/opened-records.ts';
import { oneBody } from '../../../node/engine/row-record.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import type { RecordSource, WindowRows } from '../../../node/engine/window-rows.ts';
import { partitionRows } from '../../../node/engine/window-rows.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { windowKey } from '../../../src/protocol/index.ts';
import { partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';

test('rows that are on disk are kept by nothing but the bounded memory of opened records', () => {
  const source: RecordSource = {
    journal: openJournal(createMemoryStore(), { seq: 0, counts: { flags: 0, values: 0 } }, () => []),
    rowSeal: createRowSeal(cryptoRandomBytes),
    corrupt: createCorruptRows(recordingLog(), () => {}),
    opened: createOpenedRecords(),
    hash: createEntryHash(new Uint8Array(8)),
  };
  const scope = { stream: streamHash('0'.repeat(64)), window: windowId(1), group: 0 };
  const window: WindowRows = {
    table: 'values',
    owner: { scope, rowKey: new Uint8Array(32).fill(7), erased: false },
    name: 'w',
    key: windowKey(scope),
    partitions: new Map(),
    strange: 0,
    rows: 0,
    gone: false,
  };
  const rows = partitionRows(window, partition(0));
  const sought = { keys: new Uint8Array(36), hashes: Uint32Array.of(1), places: [null] };
  const groups = [1, 2].map((seq): CommitGroup => ({ seq, records: [] }));
  const [first, second] = groups.map((group) => {
    const records = growRecords(source, rows, group);
    records.append(sought, 0, oneBody(new Uint8Array(100)), 1);
    records.seal();
    return records;
  });
  expect(rows.growing.size).toBe(2);
  first?.durable();
  // The group that gathers meanwhile goes on.
  expect(rows.group).toBe(second);
  second?.durable();
  expect(rows.group).toBeNull();
  expect(rows.growing.size).toBe(0);
});
