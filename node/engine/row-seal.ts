import { createCipheriv, createDecipheriv } from 'node:crypto';
import { labelledHash, labelledInput, utf8 } from '../../src/foundation/index.ts';
import type { RandomBytes, TableName } from '../../src/ports/index.ts';

const ROW_VERSION = 1;
/** Suite 1: AES-256-GCM, random 96-bit nonce, 128-bit tag. */
const ROW_SUITE = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;
const NONCE_AT = 2 + KEY_ID_BYTES;
const HEADER_BYTES = NONCE_AT + NONCE_BYTES;

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
  const bound = createBinding();

  return {
    seal(key, table, rowKey, plain) {
      const sealed = new Uint8Array(HEADER_BYTES + plain.length + TAG_BYTES);
      const nonce = randomBytes(NONCE_BYTES);
      sealed[0] = ROW_VERSION;
      sealed[1] = ROW_SUITE;
      sealed.set(keyId(key), 2);
      sealed.set(nonce, NONCE_AT);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(bound(table, rowKey, sealed));
      sealed.set(cipher.update(plain), HEADER_BYTES);
      cipher.final();
      sealed.set(cipher.getAuthTag(), HEADER_BYTES + plain.length);
      return sealed;
    },
    open(key, table, rowKey, sealed) {
      if (sealed.length < HEADER_BYTES + TAG_BYTES) return null;
      if (sealed[0] !== ROW_VERSION || sealed[1] !== ROW_SUITE) return null;
      const nonce = sealed.subarray(NONCE_AT, HEADER_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(bound(table, rowKey, sealed));
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

/** Row keys are 80 bytes; room for longer ones is made when they come. */
const BOUND_ROOM_BYTES = 256;

/**
 * What a row's tag covers besides its content: L("row", table, row key, header). Written into one buffer that
 * is used again for every row, because half of the cost of sealing was in building this anew. The result holds
 * until the next call; the cipher copies it at once.
 */
function createBinding(): (table: TableName, rowKey: Uint8Array, sealed: Uint8Array) => Uint8Array {
  const heads = new Map<TableName, Uint8Array>();
  let room = new Uint8Array(BOUND_ROOM_BYTES);
  let view = new DataView(room.buffer);

  function headOf(table: TableName): Uint8Array {
    const known = heads.get(table);
    if (known !== undefined) return known;
    const made = labelledInput('row', utf8(table));
    heads.set(table, made);
    return made;
  }

  return (table, rowKey, sealed) => {
    const head = headOf(table);
    const headerAt = head.length + 4 + rowKey.length + 4;
    if (headerAt + HEADER_BYTES > room.length) {
      room = new Uint8Array(headerAt + HEADER_BYTES);
      view = new DataView(room.buffer);
    }
    room.set(head);
    view.setUint32(head.length, rowKey.length);
    room.set(rowKey, head.length + 4);
    view.setUint32(headerAt - 4, HEADER_BYTES);
    for (let i = 0; i < HEADER_BYTES; i++) room[headerAt + i] = sealed[i] ?? 0;
    return room.subarray(0, headerAt + HEADER_BYTES);
  };
}
