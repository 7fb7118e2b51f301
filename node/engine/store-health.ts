import { EngineError, fromUtf8, hasCode, utf8 } from '../../src/foundation/index.ts';
import type { Log, Store } from '../../src/ports/index.ts';
import type { Journal } from './journal.ts';
import type { RowSeal } from './row-seal.ts';

const DOUBT_ROW = utf8('doubt');

/**
 * Whether the store's memory of votes can be trusted. A doubt is for ever: a vote that was lost can't be told
 * from one that was never cast, and an acceptor that forgets breaks what a majority has decided.
 */
export interface StoreHealth {
  /** Why the store is in doubt, or null. */
  doubt(): string | null;
  /** Puts the store in doubt, now in memory and durably with the next commit. The first reason stays. */
  raise(reason: string): void;
  /** @throws EngineError `STORE_IN_DOUBT` */
  checkVote(): void;
}

/** The reason kept from an earlier start; a reason that does not open is a reason as well. */
export async function readDoubt(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
): Promise<string | null> {
  const [sealed] = await store.getMany('meta', [DOUBT_ROW]);
  if (sealed === undefined) return null;
  const plain = rowSeal.open(storeKey, 'meta', DOUBT_ROW, sealed);
  return plain === null ? 'an earlier doubt whose reason does not authenticate' : fromUtf8(plain);
}

export function createStoreHealth(options: {
  readonly known: string | null;
  readonly journal: Journal;
  readonly rowSeal: RowSeal;
  readonly storeKey: Uint8Array;
  readonly log: Log;
}): StoreHealth {
  const { journal, rowSeal, storeKey, log } = options;
  let doubt = options.known;

  /** A journal that is full takes it once there is room: nothing may raise it again, where what showed it is written anew. */
  function keep(value: Uint8Array): void {
    try {
      journal.stage([{ kind: 'put', table: 'meta', key: DOUBT_ROW, value }]);
    } catch (error) {
      if (!hasCode(error, 'OVERLOADED')) throw error;
      // Where the disk fails instead, the node stops.
      journal.synced().then(
        () => keep(value),
        () => {},
      );
    }
  }

  return {
    doubt: () => doubt,
    raise(reason) {
      if (doubt !== null) return;
      doubt = reason;
      log.error('the store is in doubt and will not vote again', { reason });
      keep(rowSeal.seal(storeKey, 'meta', DOUBT_ROW, utf8(reason)));
    },
    checkVote() {
      if (doubt === null) return;
      throw new EngineError('STORE_IN_DOUBT', `this store does not vote: ${doubt}`);
    },
  };
}

/**
 * A window's stream was stored before its first row: where that document is gone and nobody else can be asked, the
 * store has lost what it had acknowledged. The window is then learned anew, and the store votes no more.
 */
export function streamGone(error: unknown, health: Pick<StoreHealth, 'raise'>): null {
  if (!hasCode(error, 'UNKNOWN_STREAM')) throw error;
  health.raise('the document of a stream with windows here is gone');
  return null;
}
