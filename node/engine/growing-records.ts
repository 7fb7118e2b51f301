import type { StoreOperation } from '../../src/ports/index.ts';
import type { CommitGroup, GrowingRecords } from './journal.ts';
import { COMMIT_GROUP_MAX } from './journal.ts';
import type { RowPlace } from './row-index.ts';
import type { RowRecord } from './row-record.ts';
import { appendRow, emptyRecord, isEmpty, rowBytes } from './row-record.ts';
import type { PartitionRows, RecordSource } from './window-rows.ts';
import { openedName, placeRow, recordKey } from './window-rows.ts';

/**
 * From here on a partition's next rows of the same commit group begin another record: who looks for one row has to
 * open the whole of its record. Five hundred rows of three elements fit.
 */
export const RECORD_BYTES_MAX = 65_536;

/** A version of a row, ready to be written. */
export interface NewVersion {
  readonly keys: Uint8Array;
  readonly keyAt: number;
  readonly hash: number;
  /** Where the version before it is, null where there is none. */
  readonly before: RowPlace | null;
  readonly body: Uint8Array | null;
}

/** What one commit group writes to one partition: in memory until it goes to the disk, sealed then and not before. */
export interface PartitionGroup extends GrowingRecords {
  readonly seq: number;
  append(version: NewVersion): void;
}

interface Part {
  readonly place: number;
  readonly record: RowRecord;
}

/** The records of a partition in a commit group, begun where there are none. */
export function growRecords(source: RecordSource, rows: PartitionRows, group: CommitGroup): PartitionGroup {
  if (rows.group?.seq === group.seq) return rows.group;
  const begun = beginRecords(source, rows, group.seq);
  rows.group = begun;
  group.records.push(begun);
  return begun;
}

function beginRecords(source: RecordSource, rows: PartitionRows, seq: number): PartitionGroup {
  const first = rows.numbers.length;

  /** A number is never given twice, so that no older record can pass for one. */
  function begin(): Part {
    const place = rows.numbers.push(seq * COMMIT_GROUP_MAX + rows.numbers.length - first) - 1;
    const part = { place, record: emptyRecord() };
    rows.growing.set(place, part.record);
    parts.push(part);
    return part;
  }

  const parts: Part[] = [];
  let last = begin();
  return {
    seq,
    append({ keys, keyAt, hash, before, body }) {
      if (!isEmpty(last.record) && last.record.length + rowBytes(body) > RECORD_BYTES_MAX) last = begin();
      placeRow(rows, hash, before, last.place, appendRow(last.record, keys, keyAt, body));
    },
    seal() {
      const { table, owner } = rows.window;
      return parts.map(({ place, record }): StoreOperation => {
        record.bytes = record.bytes.slice(0, record.length);
        const key = recordKey(rows, place);
        return {
          kind: 'put',
          table,
          key,
          value: source.rowSeal.seal(owner.rowKey, table, key, record.bytes),
        };
      });
    },
    durable() {
      for (const { place, record } of parts) {
        rows.growing.delete(place);
        if (!rows.window.gone) source.opened.keep(openedName(rows, place), record.bytes);
      }
    },
  };
}
