import { EngineError } from '../foundation/index.ts';
import type { RingDocument, Verifier } from '../ring/index.ts';
import { openRingDocument } from '../ring/index.ts';

/**
 * The ring documents before a known one, from the first on, page by page. Each is opened as it comes, so that whoever is
 * asked can fill no memory with what the ring's operator has not signed.
 * @param read a page of documents from an epoch on.
 * @returns fewer than there are where whoever is asked has no more.
 * @throws EngineError `RING_REFUSED` for one that does not follow the one before it, and what opening it throws
 */
export async function documentsBefore(
  { epoch, operatorKey }: Pick<RingDocument, 'epoch' | 'operatorKey'>,
  verifier: Verifier,
  read: (question: { readonly from: string }) => Promise<readonly string[]>,
): Promise<readonly RingDocument[]> {
  const older: RingDocument[] = [];
  while (older.length < epoch - 1) {
    const page = await read({ from: String(older.length + 1) });
    if (page.length === 0) break;
    for (const jws of page.slice(0, epoch - 1 - older.length)) {
      const ring = await openRingDocument(jws, verifier, { operatorKey });
      checkNext(older.at(-1), ring);
      older.push(ring);
    }
  }
  return older;
}

function checkNext(before: RingDocument | undefined, ring: RingDocument): void {
  const expected = { epoch: (before?.epoch ?? 0) + 1, previous: before?.hash ?? null };
  if (ring.epoch === expected.epoch && ring.previous === expected.previous) return;
  throw new EngineError(
    'RING_REFUSED',
    `expected the ring document of epoch ${expected.epoch} after ${expected.previous}, got the one of epoch ${ring.epoch} after ${ring.previous}`,
  );
}
