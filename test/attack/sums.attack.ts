import { expect } from 'vitest';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import { nodeId } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { fixedKey } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { expectExact } from '../support/exact-result.ts';
import { dropRow } from '../support/tampering.ts';
import { extent, refused } from './attack.ts';
import { computeWithLie, poisoned } from './lies.ts';
import { against, commitAll, numbers, sensorOn } from './scene.ts';

refused('A12', 'a reading beyond its bounds, a square that is none, a count that is not 1', async () => {
  for (const vector of [
    [1n, 90_000n, 90_000n ** 2n],
    [1n, 0n, -1_000_000n],
    [2n, 10n, 100n],
    [0n, 0n, 0n],
  ])
    await expectCode(poisoned(vector), 'IMPOSSIBLE_AGGREGATE');
});

extent(
  'A12',
  'a false reading and square that could be true',
  'A sensor that lies within its bounds',
  async () => {
    const outcome = await poisoned([1n, 600n, 100_000n]);
    if (outcome.kind !== 'result') throw new Error('expected a result');
    expect(outcome.readings).toBe(11);
    return 'one of 11 sensors shares 60 with 1000 as its square, and the result is taken';
  },
);

refused('A13', 'a domain that adds noise to its sum', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(10));
    const noise = () => cryptoRandomBytes(15).reduce((sum, byte) => 256n * sum + BigInt(byte), 0n);
    for (let i = 0; i < 20; i++) {
      await expectCode(computeWithLie(cloud, window, [0n, noise(), 0n]), 'IMPOSSIBLE_AGGREGATE');
      await expectCode(computeWithLie(cloud, window, [0n, 0n, noise()]), 'IMPOSSIBLE_AGGREGATE');
    }
    expectExact(await cloud.compute(window), numbers(10));
  }),
);

refused('A13', 'a lost share that would make noise of the sum', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, ['4', '4', '4']);
    await cloud.stop(nodeId('b1'));
    await dropRow(cloud.store(nodeId('b1')), 'values');
    await cloud.start(nodeId('b1'));
    const outcome = await cloud.compute(window);
    if (outcome.kind !== 'incomplete') throw new Error(`expected no sum, got ${outcome.kind}`);
    expect(outcome.reason).toContain('domain b: STORE_IN_DOUBT');
  }),
);

refused(
  'A20',
  'sums that wrap around: streams too wide, readings out of bounds, too many of them',
  async () => {
    await against({}, async (cloud) => {
      const wide = { name: 'x', unit: '', decimals: 9, offset: '0', min: '-1000000000', max: '1000000000' };
      const payload = { ...streamPayload(cloud.ring), fields: [wide], maxReadings: 1_000_000_000 };
      const document = await signStream(payload, fixedKey('operator').signer);
      for (const node of cloud.nodeIds) {
        await expectCode(cloud.order(node, operations.PUT_STREAM, { document }), 'CAPACITY_EXCEEDED');
      }
      const window = await cloud.openWindow();
      const sensor = await sensorOn(cloud);
      await expectCode(cloud.clock.until(sensor.upload('61', { window })), 'READING_OUT_OF_BOUNDS');
      await sensor.close();
    });
    await against({ stream: { maxReadings: 2, maxExcluded: 0 } }, async (cloud) => {
      const window = await cloud.openWindow();
      const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
      for (const reading of ['1', '2']) await inOnePlace(reading).commit();
      await expectCode(inOnePlace('3').notice(), 'WINDOW_FULL');
      expectExact(await cloud.compute(window), ['1', '2']);
    });
  },
);
