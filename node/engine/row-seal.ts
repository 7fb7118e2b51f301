import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, labelledHash, labelledInput, utf8 } from '../../src/foundation/index.ts';
import type { RandomBytes, TableName } from '../../src/ports/index.ts';

const ROW_VERSION = 1;
/** Suite 1: AES-256-GCM, random 96-bit nonce, 128-bit tag. */
const ROW_SUITE = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;
const HEADER_BYTES = 2 + KEY_ID_BYTES + NONCE_BYTES;

/**
 * Rows at rest: encrypted and authenticated, bound to their table and key. The store beneath returns wrong
 * values after one flipped byte and loses synced batches without an error, so a row that does not open is
 * never used. Nonces are random and not derived from a counter: a store restored from an old copy would
 * repeat the counter under the same key.
 */
export interface RowSeal {
  seal(key: Uint8Array, table: TableName, rowKey: Uint8Array, plain: Uint8Array): Uint8Array;
  /** The plain row, or null when the bytes are not what `seal` wrote for this table, row key and key. */
  open(key: Uint8Array, table: TableName, rowKey: Uint8Array, sealed: Uint8Array): Uint8Array | null;
}

export function createRowSeal(randomBytes: RandomBytes): RowSeal {
  const keyIds = new WeakMap<Uint8Array, Uint8Array>();
  const keyId = (key: Uint8Array): Uint8Array => {
    const known = keyIds.get(key);
    if (known !== undefined) return known;
    const made = labelledHash('row-key-id', key).slice(0, KEY_ID_BYTES);
    keyIds.set(key, made);
    return made;
  };

  return {
    seal(key, table, rowKey, plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const header = concat(Uint8Array.of(ROW_VERSION, ROW_SUITE), keyId(key), nonce);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(bound(table, rowKey, header));
      const body = cipher.update(plain);
      cipher.final();
      return concat(header, body, cipher.getAuthTag());
    },
    open(key, table, rowKey, sealed) {
      if (sealed.length < HEADER_BYTES + TAG_BYTES) return null;
      if (sealed[0] !== ROW_VERSION || sealed[1] !== ROW_SUITE) return null;
      const header = sealed.subarray(0, HEADER_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, header.subarray(HEADER_BYTES - NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound(table, rowKey, header));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const plain = decipher.update(sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return plain;
    },
  };
}

function bound(table: TableName, rowKey: Uint8Array, header: Uint8Array): Uint8Array {
  return labelledInput('row', utf8(table), rowKey, header);
}
