import { createRowSeal } from '../../../node/engine/row-seal.ts';
import {
  decodeFlagRow,
  decodeRosterRow,
  decodeValueRow,
  type FlagRow,
  type ValueRow,
} from '../../../node/engine/rows.ts';
import { fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import { flagRowKey } from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/identifiers.ts';
import type { NodeId, RingDocument, StoreId, StreamHash } from '../../../src/ring/index.ts';
import type { DiskCopy, SimulatedDisk } from '../disk.ts';
import type { SimulatedKeys } from '../window-keys.ts';

/** What a node would find about a flag if it started now; undefined where there is no good row. */
export interface DiskRows {
  flag(scope: WindowScope, entry: FlagEntry): FlagRow | undefined;
  value(scope: WindowScope, entry: FlagEntry): ValueRow | undefined;
  /** Which share is under the row key; undefined where there is none that opens. */
  indexOf(stream: StreamHash, rowKey: Uint8Array): number | undefined;
  /** Whether there is a share under the row key that opens. */
  opens(stream: StreamHash, rowKey: Uint8Array): boolean;
  /** When the domain accepted a batch of the roster, as the row says; undefined for a row of something else. */
  acceptedAt(rowKey: Uint8Array): { readonly sequence: number; readonly acceptedAt: number } | undefined;
  /** The highest commit of another store that this node has written down; 0 where it knows none. */
  remembered(node: NodeId, store: StoreId): number;
}

/** The name of the key that belongs to no window, as node.ts has it. */
const STORE_KEY_STREAM = streamHash('0'.repeat(64));
const WINDOW_AT = 32;
const GROUP_AT = 40;
/** 'C' and the number of the commit group. */
const COMMIT_KEY_BYTES = 9;
/** 'R', the authority's key and the number of the batch. */
const ROSTER_KEY_BYTES = 41;

export function createDiskRows(disk: SimulatedDisk, keys: SimulatedKeys): DiskRows {
  const seal = createRowSeal(() => {
    throw new Error('expected a reader of rows to write none');
  });

  function open(table: 'flags' | 'values', scope: WindowScope, entry: FlagEntry): Uint8Array | undefined {
    const rowKey = flagRowKey(scope, entry);
    const sealed = disk.get(table, rowKey);
    const key = keys.peek(scope.stream, scope.window, scope.group);
    if (sealed === undefined || key === undefined) return undefined;
    return seal.open(key, table, rowKey, sealed) ?? undefined;
  }

  function openValue(stream: StreamHash, rowKey: Uint8Array): Uint8Array | null {
    const view = new DataView(rowKey.buffer, rowKey.byteOffset);
    const window = windowId(Number(view.getBigUint64(WINDOW_AT)));
    const sealed = disk.get('values', rowKey);
    const key = keys.peek(stream, window, view.getUint16(GROUP_AT));
    return sealed === undefined || key === undefined ? null : seal.open(key, 'values', rowKey, sealed);
  }

  function openMeta(rowKey: Uint8Array): Uint8Array | null {
    const sealed = disk.get('meta', rowKey);
    const key = keys.peek(STORE_KEY_STREAM, windowId(0), 0);
    return sealed === undefined || key === undefined ? null : seal.open(key, 'meta', rowKey, sealed);
  }

  return {
    acceptedAt(rowKey) {
      if (rowKey.length !== ROSTER_KEY_BYTES || fromUtf8(rowKey.slice(0, 1)) !== 'R') return undefined;
      const plain = openMeta(rowKey);
      if (plain === null) return undefined;
      const sequence = Number(
        new DataView(rowKey.buffer, rowKey.byteOffset).getBigUint64(ROSTER_KEY_BYTES - 8),
      );
      return { sequence, acceptedAt: decodeRosterRow(plain).acceptedAt };
    },
    indexOf(stream, rowKey) {
      const plain = openValue(stream, rowKey);
      return plain === null ? undefined : decodeValueRow(plain).index;
    },
    opens: (stream, rowKey) => openValue(stream, rowKey) !== null,
    remembered(node, store) {
      const plain = openMeta(utf8(`S${node}/${store}`));
      return plain === null ? 0 : Number(new DataView(plain.buffer, plain.byteOffset).getBigUint64(0));
    },
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

/** What a node has written down about the store that the ring document gives another one. */
export function rememberedBy(
  { rows }: { readonly rows: DiskRows },
  ring: RingDocument,
  node: NodeId,
): number {
  const found = ring.domains.flatMap(({ nodes }) => nodes).find(({ id }) => id === node);
  return found === undefined ? 0 : rows.remembered(node, found.storeId);
}

/** The number of the last commit group in a copy of a disk. */
export function lastCommitOf(copy: DiskCopy): number {
  const numbers = copy.flatMap(([table, key]) =>
    table === 'meta' && key.length === COMMIT_KEY_BYTES && fromUtf8(key.slice(0, 1)) === 'C'
      ? [Number(new DataView(key.buffer, key.byteOffset).getBigUint64(1))]
      : [],
  );
  return Math.max(0, ...numbers);
}
