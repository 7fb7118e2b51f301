import { concat, EngineError } from '../foundation/index.ts';
import type { FlagEntry } from './flag-key.ts';
import { entryKeys } from './flag-key.ts';

/** A share and what it is of. */
export interface ShareRow {
  readonly entry: FlagEntry;
  readonly share: Uint8Array;
}

/** Shares of one length, as they lie in a packet, in a COPY and on disk: no object is made for a reading on its way. */
export interface ShareColumns {
  /** The keys of the entries, one after another. */
  readonly keys: Uint8Array;
  /** The shares in the same order. */
  readonly shares: Uint8Array;
}

/** @throws EngineError `WRONG_VECTOR_LENGTH` where a share has another length. */
export function shareColumns(rows: readonly ShareRow[], shareBytes: number): ShareColumns {
  const wrong = rows.find(({ share }) => share.length !== shareBytes);
  if (wrong !== undefined) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected shares of ${shareBytes} bytes, got one of ${wrong.share.length}`,
    );
  }
  return {
    keys: entryKeys(rows.map(({ entry }) => entry)),
    shares: concat(...rows.map(({ share }) => share)),
  };
}
