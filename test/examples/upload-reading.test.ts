import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedCluster } from '../../operator-cli/embedded/start-cluster.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import {
  cryptoRandomBytes,
  generateP256,
  nodeVerifier,
  signerFromPem,
  systemClock,
} from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import { windowId } from '../../src/ring/index.ts';
import { streamPayload } from '../support/development-stream.ts';
import { temporaryFolder } from '../support/folders.ts';
import { recordingLog } from '../support/recording-log.ts';
import { uploadReading } from './upload-reading.ts';

test('the README’s sensor commits readings that a real cluster adds up exactly', async () => {
  const clock = systemClock();
  const folder = await temporaryFolder();
  const log = recordingLog();
  const cluster = await startEmbeddedCluster({ domains: 2, nodesPerDomain: 2, folder, clock, log });
  onTestFinished(() => cluster.close());
  const { ring, operator: key, sensorBundle } = cluster.material;
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  onTestFinished(() => transport.close());
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem: key.privateKeyPem, clock }),
  });
  const jws = await signStream(streamPayload(ring), signerFromPem(key.privateKeyPem));
  const { stream } = await operator.putStream(jws);
  const window = windowId(clock.now());
  await operator.openWindow(stream, { window, notBefore: window, latest: window + 3_600_000 });
  const files = { bundle: join(folder, 'sensor.json'), key: join(folder, 'sensor.key') };
  await writeFile(files.bundle, JSON.stringify(sensorBundle));
  await writeFile(files.key, (await generateP256()).privateKeyPem);

  const keys = [];
  for (const reading of ['21.5', '-3.2']) keys.push(await uploadReading(files, stream.hash, reading));

  const outcome = await operator.compute(stream, window);
  expect(new Set(keys).size).toBe(2);
  expect(outcome).toMatchObject({
    kind: 'result',
    readings: 2,
    fields: [{ statistics: { count: 2n, sum: { numerator: 183n, denominator: 10n } } }],
  });
});
