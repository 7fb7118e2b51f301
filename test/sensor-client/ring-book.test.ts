import { expect, test } from 'vitest';
import { createRingBook } from '../../sensor-client/ring-book.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import { nodeId } from '../../src/ring/index.ts';
import { developmentRing, testVerifier } from '../support/development-ring.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { nextRing } from '../support/next-ring.ts';

test('two nodes that hand out the same documents at once are both followed', async () => {
  const ring = await developmentRing({ nodes: [1, 1] });
  const second = await nextRing(ring, (section) => section);
  const third = await nextRing(second, (section) => section);
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let signatures = 0;
  const book = createRingBook({
    ring,
    trust: { operatorKey: ring.operatorKey },
    // Of the node that is asked first nothing is verified until the other one's documents are followed.
    verifier: async (...asked) => {
      if (signatures++ === 0) await gate;
      return testVerifier(...asked);
    },
    clock: createManualClock(),
    randomBytes: cryptoRandomBytes,
    request: (work) => work(new AbortController().signal),
    readRings: async () => ({ rings: [second.jws, third.jws] }),
    accept: () => {},
    followed: async () => {},
  });
  const slow = book.refresh(nodeId('a1'));
  await book.refresh(nodeId('b1'));
  release();
  await slow;
  expect(book.newest().epoch).toBe(3);
});
