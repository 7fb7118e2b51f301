import { expect, it } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { domainId } from '../../../src/ring/index.ts';
import { rotatedRing } from '../../support/next-ring.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

/** Clouds with a stream of the first ring document, and the operator of the third, in which a domain has its third key. */
async function rotatedTwice() {
  const clouds = await fakeClouds();
  const { ring: first, stream } = clouds;
  const a = domainId('a');
  const second = await rotatedRing(first, a, 'domain a', 'second');
  const third = await rotatedRing(second, a, 'second', 'third');
  clouds.on(operations.READ_STREAM, () => ({ document: stream.jws, windows: [] }));
  const operator = createOperator({ ...clouds.ports, ring: third });
  return { clouds, first, second, third, stream, operator };
}

it('a stream that names a key which its domain had is read, by the documents that say so', async () => {
  const { clouds, first, second, third, stream, operator } = await rotatedTwice();
  const all = [first, second, third].map(({ jws }) => jws);
  clouds.on(operations.READ_RINGS, (_, { from }) => ({ rings: all.slice(Number(from) - 1, Number(from)) }));
  expect((await operator.readStream(stream.hash)).stream.hash).toBe(stream.hash);
});

it('no document is believed that the one after it does not name', async () => {
  const { clouds, first, third, stream, operator } = await rotatedTwice();
  const forged = await rotatedRing(first, domainId('b'), 'domain b', 'forged');
  clouds.on(operations.READ_RINGS, () => ({ rings: [first.jws, forged.jws, third.jws] }));
  await expect(operator.readStream(stream.hash)).rejects.toMatchObject({ code: 'RING_REFUSED' });
});
