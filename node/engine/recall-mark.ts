import { bigEndian, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import type { Journal } from './journal.ts';
import type { RowSeal } from './row-seal.ts';

/** Meta row, there while the store has commits of which the other nodes have not been asked. */
const MARK = utf8('U');

/**
 * How far the store was when the other nodes were last asked what they remember of it. A start that ends before they
 * have answered writes commits of its own; counted from these, the next start would not see what was lost before.
 */
export interface RecallMark {
  /** The commit group that the others' memory is compared with. */
  readonly seq: number;
  /** The mark as it was found does not authenticate. */
  readonly doubt: string | null;
  /** What the next commit takes along. */
  takeWrites(): readonly StoreOperation[];
  /** The others have answered: durable when it resolves. From then on the last commit counts. */
  clear(journal: Pick<Journal, 'stage' | 'synced'>): Promise<void>;
}

/** @param endSeq the last commit group on disk. */
export async function openRecallMark(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
  endSeq: number,
): Promise<RecallMark> {
  const [sealed] = await store.getMany('meta', [MARK]);
  const plain = sealed === undefined ? undefined : rowSeal.open(storeKey, 'meta', MARK, sealed);
  const seq =
    plain == null ? endSeq : Number(new DataView(plain.buffer, plain.byteOffset, 8).getBigUint64(0));
  let written = sealed !== undefined;
  let cleared = false;
  return {
    seq,
    doubt: plain === null ? 'how far it was when the others were last asked does not authenticate' : null,
    takeWrites() {
      if (written || cleared) return [];
      written = true;
      const value = rowSeal.seal(storeKey, 'meta', MARK, bigEndian(seq, 8));
      return [{ kind: 'put', table: 'meta', key: MARK, value }];
    },
    async clear(journal) {
      cleared = true;
      if (!written) return;
      journal.stage([{ kind: 'delete', table: 'meta', key: MARK }]);
      await journal.synced();
    },
  };
}
