import { bigEndian, concat, fromUtf8, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import { RING_DOCUMENTS_MAX } from '../../src/ring/index.ts';
import type { RowSeal } from './row-seal.ts';
import type { StoreHealth } from './store-health.ts';

const PREFIX = utf8('E');
const AFTER = utf8('F');

/** A ring document as this node keeps it, for as long as the ring lives. */
export interface RingRow {
  readonly epoch: number;
  readonly jws: string;
  /** This store has promised to refuse the document's windows under any placement before it. */
  readonly promised: boolean;
  /** The document's placement is known to be in force. */
  readonly inForce: boolean;
}

/**
 * The documents kept so far, oldest first, up to the first that does not open or is not there: that puts the store in
 * doubt, and the other nodes have all of them.
 */
export async function readRingRows(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
  health: Pick<StoreHealth, 'raise'>,
): Promise<readonly RingRow[]> {
  const rows = await store.range('meta', { from: PREFIX, to: AFTER, limit: RING_DOCUMENTS_MAX });
  const kept: RingRow[] = [];
  for (const [key, sealed] of rows) {
    const plain = rowSeal.open(storeKey, 'meta', key, sealed);
    if (plain === null) {
      health.raise('a stored ring document does not authenticate');
      break;
    }
    const epoch = new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(PREFIX.length);
    const last = kept.at(-1)?.epoch;
    if (last !== undefined && epoch !== last + 1) {
      health.raise(`the stored ring document of epoch ${last + 1} is missing`);
      break;
    }
    kept.push({
      epoch,
      promised: plain[0] === 1,
      inForce: plain[1] === 1,
      jws: fromUtf8(plain.subarray(2)),
    });
  }
  return kept;
}

export function ringRowWrite(rowSeal: RowSeal, storeKey: Uint8Array, row: RingRow): StoreOperation {
  const key = concat(PREFIX, bigEndian(row.epoch, 4));
  const plain = concat(Uint8Array.of(row.promised ? 1 : 0, row.inForce ? 1 : 0), utf8(row.jws));
  return { kind: 'put', table: 'meta', key, value: rowSeal.seal(storeKey, 'meta', key, plain) };
}
