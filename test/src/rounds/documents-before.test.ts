import { describe, expect, it } from 'vitest';
import type { RingDocument } from '../../../src/ring/index.ts';
import { signRingDocument } from '../../../src/ring/index.ts';
import { documentsBefore } from '../../../src/rounds/documents-before.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, fixedKey, ringPayload, testVerifier } from '../../support/development-ring.ts';
import { nextRing } from '../../support/next-ring.ts';

async function fourDocuments(): Promise<readonly RingDocument[]> {
  const documents = [await developmentRing({ nodes: [1, 1] })];
  for (let before = documents[0]; before !== undefined && documents.length < 4; before = documents.at(-1))
    documents.push(await nextRing(before, (section) => section));
  return documents;
}

/** A node that hands out what it likes, a document a page. */
function pagesOf(documents: readonly (string | undefined)[]) {
  const asked: string[] = [];
  const read = async ({ from }: { readonly from: string }) => {
    asked.push(from);
    const page = documents[Number(from) - 1];
    return page === undefined ? [] : [page];
  };
  return { asked, read };
}

describe('the ring documents before one', () => {
  it('are read page by page, from the first on', async () => {
    const documents = await fourDocuments();
    const newest = documents[3] as RingDocument;
    const { asked, read } = pagesOf(documents.map(({ jws }) => jws));
    const older = await documentsBefore(newest, testVerifier, read);
    expect(older.map(({ hash }) => hash)).toEqual(documents.slice(0, 3).map(({ hash }) => hash));
    expect(asked).toEqual(['1', '2', '3']);
    expect(await documentsBefore(newest, testVerifier, pagesOf([documents[0]?.jws]).read)).toHaveLength(1);
  });

  it('are refused at the first that the operator has not signed, or that does not follow, and no more are asked for', async () => {
    const documents = await fourDocuments();
    const [first, , third, newest] = documents as [RingDocument, RingDocument, RingDocument, RingDocument];
    const sections = first.domains.map(({ jws }) => jws);
    const forged = await signRingDocument(
      { ...ringPayload(sections), operatorKey: first.operatorKey },
      fixedKey('domain a').signer,
    );
    const junk = pagesOf([forged, forged, forged]);
    await expectCode(documentsBefore(newest, testVerifier, junk.read), 'SIGNATURE_INVALID');
    expect(junk.asked).toEqual(['1']);
    const again = pagesOf([first.jws, first.jws, first.jws]);
    await expectCode(documentsBefore(newest, testVerifier, again.read), 'RING_REFUSED');
    expect(again.asked).toEqual(['1', '2']);
    const gap = pagesOf([third.jws]);
    await expectCode(documentsBefore(newest, testVerifier, gap.read), 'RING_REFUSED');
  });
});
