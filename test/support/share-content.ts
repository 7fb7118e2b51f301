import type { ShareForm } from '../../src/protocol/share-content.ts';
import { beginShareContent, shareContentBytes } from '../../src/protocol/share-content.ts';

/** What a packet to the domain at `index` holds of one reading id. @param part a seed, or the shares of the vectors. */
export function shareContent(form: ShareForm, index: number, vectors: number, part: Uint8Array): Uint8Array {
  const content = new Uint8Array(shareContentBytes(form, index, vectors));
  beginShareContent(form, vectors, content).set(part);
  return content;
}
