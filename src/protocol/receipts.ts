import { bigEndian, labelledMac, labelledTag } from '../foundation/index.ts';
import { equalTags } from './packets.ts';

export const RECEIPT_BYTES = 16;

/** By K: every request asks for the receipts of its window again. */
const receiptKeys = new WeakMap<Uint8Array, Uint8Array>();

/** Says for the nodes of the ring that a domain keeps the shares of a packet, without anything of a share. */
export interface Receipts {
  /**
   * @param name of the packet, see `packetName`.
   * @param index place of the domain in the stream.
   */
  of(name: Uint8Array, index: number): Uint8Array;
  /** Whether these are the receipts of all domains of a stream, in its order. */
  complete(name: Uint8Array, receipts: readonly Uint8Array[], domains: number): boolean;
}

/**
 * The receipts of a window. They follow from K and public parts alone: whichever node answers, after whatever
 * restart or repair, the receipt of a packet is the same.
 * @param setHashKey K of the window's terms, which nodes know and sensors do not.
 */
export function createReceipts(setHashKey: Uint8Array): Receipts {
  const key = receiptKeys.get(setHashKey) ?? labelledMac(setHashKey, 'receipt-key');
  receiptKeys.set(setHashKey, key);
  const of = (name: Uint8Array, index: number): Uint8Array =>
    labelledTag(key, 'receipt', name, bigEndian(index, 1));
  return {
    of,
    complete: (name, receipts, domains) =>
      receipts.length === domains && receipts.every((receipt, index) => equalTags(receipt, of(name, index))),
  };
}
