import { expect } from 'vitest';
import { createSensor } from '../../sensor-client/index.ts';
import { hasCode } from '../../src/foundation/index.ts';
import { deriveKeyPair } from '../../src/platform/hpke.ts';
import { nodeSealing } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { testVerifier } from '../support/development-ring.ts';
import { expectExact } from '../support/exact-result.ts';
import { bundleOf, fixedRandom } from '../support/sensor-scene.ts';
import { refused } from './attack.ts';
import { against, commitAll, sensorOn, TWO_EACH } from './scene.ts';

refused('F11a', 'an acceptor that answers ERROR for a flag that is TRUE', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    let lies = 1;
    const transport: Transport = {
      async send(to, request, options) {
        const answer = await cloud.transport.send(to, request, options);
        if (request.path !== operations.SET.path || answer.status !== 200 || lies-- <= 0) return answer;
        return { ...answer, body: operations.SET.response.encode({ outcomes: ['ERROR'] }) };
      },
      close: async () => {},
    };
    const sensor = await sensorOn(cloud, {}, transport);
    // The second acceptor contradicts it, so the sensor knows no outcome and takes no other reading id.
    await expectCode(cloud.clock.until(sensor.upload('9', { window })), 'READING_UNDECIDED');
    await sensor.close();
    expectExact(await cloud.compute(window), ['9']);
  }),
);

refused('F11b', 'a sensor that starts again under the same reading id with another split', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const keys = deriveKeyPair(new Uint8Array(32).fill(5));
    const { ring, stream, clock, transport } = cloud;
    // A generator that begins anew, as one restored from a snapshot: the same id, and other shares.
    const upload = async (reading: string) => {
      const sensor = await createSensor(
        { bundle: bundleOf(ring), stream: stream.hash, policy: { allowDevelopment: true }, keys },
        {
          clock,
          randomBytes: fixedRandom(),
          verifier: testVerifier,
          sealing: nodeSealing,
          connect: () => transport,
        },
      );
      await clock.until(sensor.upload(reading, { window })).finally(() => sensor.close());
    };
    await upload('9');
    const outcome = await upload('12').then(
      () => 'taken',
      (error: unknown) => (hasCode(error, 'SHARE_CONFLICT') ? 'conflict' : String(error)),
    );
    expect(outcome).toBe('conflict');
    expectExact(await cloud.compute(window), ['9']);
  }),
);

refused('F11c', 'a retry after the seal that lands in the next window', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const next = await cloud.openWindow();
    await commitAll(cloud, window, ['1']);
    expectExact(await cloud.compute(window), ['1']);
    const sensor = await sensorOn(cloud);
    await expectCode(cloud.clock.until(sensor.upload('9', { window })), 'WINDOW_SEALED');
    await sensor.close();
    expect(await cloud.compute(next)).toMatchObject({ kind: 'result', readings: 0 });
  }),
);
