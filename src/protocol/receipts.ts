import { bigEndian, labelledMac } from '../foundation/index.ts';
import type { FlagEntry, WindowScope } from './flag-key.ts';
import { entryKey, windowKey } from './flag-key.ts';
import { equalTags } from './packets.ts';

export const RECEIPT_BYTES = 16;

/** Says for the nodes of the ring that a domain keeps a share, without anything of the share. */
export interface Receipts {
  /** @param index place of the domain in the stream. */
  of(entry: FlagEntry, index: number): Uint8Array;
  /** Whether these are the receipts of all domains of a stream, in its order. */
  complete(entry: FlagEntry, receipts: readonly Uint8Array[], domains: number): boolean;
}

/**
 * The receipts of a window. They follow from K and public parts alone: whichever node answers, after whatever
 * restart or repair, the receipt of a share is the same.
 * @param setHashKey K of the window's terms, which nodes know and sensors do not.
 */
export function createReceipts(setHashKey: Uint8Array, scope: WindowScope): Receipts {
  const key = labelledMac(setHashKey, 'receipt-key');
  const window = windowKey(scope);
  const of = (entry: FlagEntry, index: number): Uint8Array =>
    labelledMac(key, 'receipt', window, bigEndian(index, 1), entryKey(entry)).slice(0, RECEIPT_BYTES);
  return {
    of,
    complete: (entry, receipts, domains) =>
      receipts.length === domains && receipts.every((receipt, index) => equalTags(receipt, of(entry, index))),
  };
}
