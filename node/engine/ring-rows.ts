import { bigEndian, concat, EngineError, fromUtf8, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import { RING_DOCUMENTS_MAX } from '../../src/ring/index.ts';
import type { RowSeal } from './row-seal.ts';

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

/** The documents kept so far, oldest first. @throws EngineError `ROW_CORRUPT` */
export async function readRingRows(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
): Promise<readonly RingRow[]> {
  const rows = await store.range('meta', { from: PREFIX, to: AFTER, limit: RING_DOCUMENTS_MAX });
  return rows.map(([key, sealed]) => {
    const plain = rowSeal.open(storeKey, 'meta', key, sealed);
    if (plain === null) {
      throw new EngineError('ROW_CORRUPT', 'a stored ring document does not authenticate');
    }
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    return {
      epoch: view.getUint32(PREFIX.length),
      promised: plain[0] === 1,
      inForce: plain[1] === 1,
      jws: fromUtf8(plain.subarray(2)),
    };
  });
}

export function ringRowWrite(rowSeal: RowSeal, storeKey: Uint8Array, row: RingRow): StoreOperation {
  const key = concat(PREFIX, bigEndian(row.epoch, 4));
  const plain = concat(Uint8Array.of(row.promised ? 1 : 0, row.inForce ? 1 : 0), utf8(row.jws));
  return { kind: 'put', table: 'meta', key, value: rowSeal.seal(storeKey, 'meta', key, plain) };
}
