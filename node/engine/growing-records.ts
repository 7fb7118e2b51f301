import type { StoreOperation } from '../../src/ports/index.ts';
import type { CommitGroup, GrowingRecords } from './journal.ts';
import { COMMIT_GROUP_MAX } from './journal.ts';
import type { RowPlace } from './row-index.ts';
import type { RowBodies, RowRecord } from './row-record.ts';
import { appendRow, emptyRecord, isEmpty, runBytes } from './row-record.ts';
import type { PartitionRows, RecordSource } from './window-rows.ts';
import { openedName, placeRow, recordKey } from './window-rows.ts';

/**
 * From here on a partition's next rows of the same commit group begin another record: who looks for one row has to
 * open the whole of its record. A thousand rows of three elements fit.
 */
export const RECORD_BYTES_MAX = 65_536;

/** Where rows are looked for: the keys of their entries, and of each its hash and the place of its newest version. */
export interface RowsSought {
  readonly keys: Uint8Array;
  readonly hashes: Uint32Array;
  readonly places: readonly (RowPlace | null)[];
}

/** What one commit group writes to one partition: in memory until it goes to the disk, sealed then and not before. */
export interface PartitionGroup extends GrowingRecords {
  readonly seq: number;
  /**
   * A new version of the row at a place of those that were sought, with the body at a place of `bodies`.
   * @param left how many of such rows come in a row with this one.
   */
  append(sought: RowsSought, place: number, bodies: RowBodies, left: number): void;
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
  const begun: PartitionGroup = {
    seq,
    append({ keys, hashes, places }, place, bodies, left) {
      if (!isEmpty(last.record) && last.record.length + runBytes(bodies, 1) > RECORD_BYTES_MAX)
        last = begin();
      const expected = last.record.length + runBytes(bodies, left);
      const name = appendRow(last.record, keys, place, bodies, Math.min(expected, RECORD_BYTES_MAX));
      placeRow(rows, hashes[place] ?? 0, places[place] ?? null, last.place, name);
    },
    seal() {
      const { table, owner } = rows.window;
      return parts.map(({ place, record }): StoreOperation => {
        record.bytes = record.bytes.subarray(0, record.length);
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
      // Else the last group of every partition would stay in memory with all its rows, opened, until the window ends.
      if (rows.group === begun) rows.group = null;
      for (const { place } of parts) {
        rows.growing.delete(place);
        // A partition that lost all its records counts them anew: an older one may be known by this name.
        source.opened.drop(openedName(rows, place));
      }
    },
  };
  return begun;
}
