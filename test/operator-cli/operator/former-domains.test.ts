import { afterEach, expect, test } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { growingTargets } from '../../../operator-cli/transport-targets.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { signRetirement } from '../../../src/protocol/stream-retirement.ts';
import { epoch, openRingDocument, type RingDocument } from '../../../src/ring/index.ts';
import { fixedKey, ringPayload, signFixedRing, testVerifier } from '../../support/development-ring.ts';
import { expectExact } from '../../support/exact-result.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const READINGS = ['1', '-2.5', '30'];
/** Longer than several rounds of a node's care. */
const CARE_MS = 20_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** The document after `before`, of a placement without its last domain. */
async function withoutLast({ domains, acceptors, development, hash }: RingDocument): Promise<RingDocument> {
  const sections = domains.slice(0, -1).map(({ jws }) => jws);
  const signed = await signFixedRing({
    ...ringPayload(sections, { acceptors, development }),
    epoch: epoch(2),
    previous: hash,
    placementFrom: START_MS + 60_000,
    placementEpoch: epoch(2),
  });
  return openRingDocument(signed, testVerifier);
}

test('a window of a domain that has left the ring is computed, and its stream retired, with the newest document', async () => {
  cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1, 1], acceptors: 3 } });
  const { clock, stream } = cloud;
  const window = await cloud.openWindow();
  for (const reading of READINGS) await cloud.reading(window, reading).commit();
  const ring = await withoutLast(cloud.ring);
  const [node = expect.fail('no node')] = cloud.nodeIds;
  await clock.until(cloud.order(node, operations.PUBLISH_RING, { ring: ring.jws }));
  await clock.advance(CARE_MS);
  const { target, learn } = growingTargets(ring);
  const operator = createOperator({
    ring,
    // As a connection does, it refuses nodes that it does not know.
    transport: {
      ...cloud.transport,
      send: async (to, ...rest) => {
        target(to);
        return cloud.transport.send(to, ...rest);
      },
    },
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    tokenFor: async () => 'token',
    learn,
  });
  const statement = await signRetirement(stream.hash, fixedKey('operator').signer);
  await clock.until(operator.retireStream(stream, statement));
  expectExact(await clock.until(operator.compute(stream, window, { waitMs: 10_000 })), READINGS);
});
