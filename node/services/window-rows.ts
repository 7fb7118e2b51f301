import { concat, EngineError, utf8 } from '../../src/foundation/index.ts';
import type { DecisionName, WindowScope } from '../../src/protocol/index.ts';
import { scopeOfKey, WINDOW_KEY_BYTES, windowKey } from '../../src/protocol/index.ts';

/** The slots of the register, and the ledger. */
export const DECISIONS: readonly DecisionName[] = ['terms', 'settlement', 'exclusion', 'release'];

/** Row keys of the windows table: 'W', the window's key, then 'F' or 'D/' and the decision's name. */
export const FROZEN = 'F';
export const rowKeyOf = (scope: WindowScope, what: string): Uint8Array =>
  concat(utf8('W'), windowKey(scope), utf8(what));

/** What the keys of a node's votes begin with. */
export const VOTE = utf8('S');

/**
 * The window whose key stands behind the letter of a row's key; null for a key that the disk has damaged so that it names
 * none that there can be. Of a row that does not open it may also be another window than the row was written for.
 */
export function scopeOfRow(key: Uint8Array): WindowScope | null {
  if (key.length < 1 + WINDOW_KEY_BYTES) return null;
  const start = new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(33);
  return Number.isSafeInteger(Number(start)) ? scopeOfKey(key.subarray(1)) : null;
}

/** Row key of what this node has promised and accepted about a decision of a window. */
export function voteKey(scope: WindowScope, decision: DecisionName): Uint8Array {
  return concat(VOTE, windowKey(scope), utf8(decision));
}

/**
 * Row key of the ledger's vote of a window that is erased and of which this node knows what was released. There is one for every
 * window that the node ever had, so they lie where no start looks.
 */
export function pastVoteKey(scope: WindowScope): Uint8Array {
  return concat(utf8('L'), windowKey(scope));
}

/** The rows that say what was decided and frozen. */
export function decidedRows(scope: WindowScope): readonly Uint8Array[] {
  return [FROZEN, ...DECISIONS.map((decision) => `D/${decision}`)].map((what) => rowKeyOf(scope, what));
}

export function decisionOf(what: string): DecisionName {
  const name = what.slice(2);
  if (name === 'settlement' || name === 'exclusion' || name === 'release') return name;
  throw new EngineError('ROW_CORRUPT', 'the windows table has a row that this program never writes');
}
