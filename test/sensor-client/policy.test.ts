import { expect, test } from 'vitest';
import { checkStreamPolicy, DEFAULT_POLICY } from '../../sensor-client/policy.ts';
import type { DomainSection, RingDocument } from '../../src/ring/index.ts';
import { sensorScene } from '../support/sensor-scene.ts';

function independentRing(
  ring: RingDocument,
  change: (section: DomainSection, i: number) => object,
): RingDocument {
  return {
    ...ring,
    development: false,
    domains: ring.domains.map((section, i) => ({ ...section, ...change(section, i) })),
  };
}

test('a ring of independent domains passes, as does any development ring', async () => {
  const { ring, stream } = await sensorScene();
  const alone = { operatorName: 'One Company', provider: 'One Cloud' };
  expect(() =>
    checkStreamPolicy(
      stream,
      independentRing(ring, () => ({})),
      DEFAULT_POLICY,
    ),
  ).not.toThrow();
  const development = { ...independentRing(ring, () => alone), development: true };
  expect(() => checkStreamPolicy(stream, development, DEFAULT_POLICY)).not.toThrow();
});

test.each([
  ['operator', { operatorName: 'One Company' }, { operatorName: 'one company ' }],
  ['provider', { provider: 'One Cloud' }, { provider: 'ONE CLOUD' }],
])('two domains of one %s are refused, however it is spelled', async (what, first, second) => {
  const { ring, stream } = await sensorScene();
  const same = independentRing(ring, (_, i) => (i === 0 ? first : i === 2 ? second : {}));
  expect(() => checkStreamPolicy(stream, same, DEFAULT_POLICY)).toThrow(
    `expected another ${what} behind every domain, got one behind a and c`,
  );
});

test('a domain outside the stream may belong to anyone', async () => {
  const { ring, stream } = await sensorScene();
  const same = independentRing(ring, () => ({ provider: 'One Cloud' }));
  const narrow = { ...stream, domains: stream.domains.slice(0, 1) };
  expect(() => checkStreamPolicy(narrow, same, DEFAULT_POLICY)).not.toThrow();
});
