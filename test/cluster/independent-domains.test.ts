import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadNodeConfig } from '../../node/config.ts';
import { readTlsIdentity } from '../../node/http/index.ts';
import { type StartedNode, startNode } from '../../node/start-node.ts';
import { findFreePorts } from '../../operator-cli/embedded/free-ports.ts';
import type { CliEnvironment } from '../../operator-cli/environment.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createSensor, createSensorKeys } from '../../sensor-client/index.ts';
import { toBase64Url } from '../../src/foundation/index.ts';
import {
  cryptoRandomBytes,
  nodeSealing,
  nodeVerifier,
  signerFromPem,
  systemClock,
} from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import { openSensorBundle, readSensorBundle } from '../../src/ring/index.ts';
import { cli } from '../operator-cli/support/cli.ts';
import { temporaryFolder } from '../support/folders.ts';
import { recordingLog } from '../support/recording-log.ts';

const DOMAINS = ['cloud-a', 'cloud-b', 'cloud-c'];
const clock = systemClock();

/** The operator's program as the command builds it. */
const connect: CliEnvironment['connect'] = ({ ring, privateKeyPem }) => {
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const operator = createOperator({
    ...{ ring, transport, clock, randomBytes: cryptoRandomBytes, verifier: nodeVerifier },
    tokenFor: createTokenSource({ privateKeyPem, clock }),
  });
  return { operator, signer: signerFromPem(privateKeyPem), close: () => transport.close() };
};

/** The enrolment authority's, which is no operator's. */
const reach: CliEnvironment['reach'] = (ring) => createUndiciTransport({ targets: transportTargets(ring) });

const running: StartedNode[] = [];
afterAll(() => Promise.all(running.map((node) => node.close())));

async function startFrom(settings: string): Promise<StartedNode> {
  const config = loadNodeConfig(settings, {});
  const node = await startNode({
    ...config,
    ring: (await readFile(config.ring, 'utf8')).trim(),
    tls: readTlsIdentity(config.tls),
    peerTls: readTlsIdentity(config.peerTls),
    sealingKey: await readFile(config.sealingKey, 'utf8'),
    log: recordingLog(),
  });
  running.push(node);
  return node;
}

/** A domain believes an enrolment authority by its own settings and nobody else's word. */
async function believe(settings: string, authority: string): Promise<void> {
  const own = JSON.parse(await readFile(settings, 'utf8'));
  await writeFile(settings, JSON.stringify({ ...own, enrolmentAuthorities: [authority] }));
}

it('nodes of domains that made their keys apart find each other and obey an operator who has none of them', async () => {
  const workingFolder = await temporaryFolder();
  const setting = { workingFolder, clock, connect, reach };
  const run = async (...args: readonly string[]) => {
    const { code, out, err } = await cli([...args, '--json'], setting);
    expect([code, err]).toEqual([0, expect.not.stringContaining('development')]);
    return JSON.parse(out);
  };
  const ports = await findFreePorts('127.0.0.1', 2 * DOMAINS.length);
  const pins: string[] = [];
  for (const [i, name] of DOMAINS.entries()) {
    const made = await run(
      ...['domain', 'init', name, '--domain', name, '--operator-name', `${name} Ltd`],
      ...['--provider', `Provider of ${name}`, '--node', `${name}-1=127.0.0.1`, '--listen', '127.0.0.1'],
      ...['--public-port', String(ports[2 * i]), '--peer-port', String(ports[2 * i + 1])],
    );
    pins.push('--pin', `${name}=${made.key}`);
  }
  await run('operator', 'init', 'operator');
  const config = ['--config', 'operator/operator.json'];
  await run('ring', 'assemble', ...DOMAINS.map((name) => `${name}/section.jws`), ...config);
  for (const name of DOMAINS) await run('domain', 'join', name, 'operator/ring.jws');
  const authority = await run('device', 'init-authority', 'authority');
  const started = await Promise.all(
    DOMAINS.map(async (name) => {
      const settings = join(workingFolder, name, `${name}-1`, 'node.json');
      await believe(settings, authority.key);
      return startFrom(settings);
    }),
  );
  await Promise.all(started.map(({ serving }) => serving));

  const nodes = await run('status', ...config);
  expect(nodes).toMatchObject(
    DOMAINS.map((domain) => ({ domain, node: `${domain}-1`, status: { ready: true } })),
  );

  await run('ring', 'bundle', 'operator/ring.jws', '--out', 'sensor.json', ...pins);
  const bundle = readSensorBundle(await readFile(join(workingFolder, 'sensor.json'), 'utf8'));
  expect((await openSensorBundle(bundle, nodeVerifier)).development).toBe(false);

  // Public data is for development rings only; a private stream is what such a ring is for.
  const terms = ['--field', 'celsius', '--decimals', '1', '--min', '-40', '--max', '60'];
  const create = ['stream', 'create', '--name', 'temperature', ...terms];
  const refused = await cli([...create, '--public-data', ...config], setting);
  expect(refused).toMatchObject({ code: 4, out: '' });
  expect(refused.err).toContain('STREAM_REFUSED: expected publicData false outside a development ring');
  const { hash: stream, minSensors } = await run(...create, ...config);

  const keys = await Promise.all(
    Array.from({ length: minSensors }, () =>
      createSensorKeys({ sealing: nodeSealing, randomBytes: cryptoRandomBytes }),
    ),
  );
  const enrolled = keys.map(({ publicKey }) => toBase64Url(publicKey));
  await run('device', 'enrol', '--authority', 'authority', '--bundle', 'sensor.json', ...enrolled);
  await run('window', 'open', stream, ...config);
  const sensor = await createSensor({ bundle, stream });
  const readings = keys.map((_, i) => `${i}.5`);
  const sent = await sensor.uploadMany(readings, { keysOf: (i) => keys[i] ?? expect.fail('no keys') });
  await sensor.close();
  expect(sent).toMatchObject({ committed: minSensors, failed: 0 });
  const { total } = await run('compute', stream, '--window', 'latest', ...config);
  expect(total.fields.celsius).toMatchObject({ count: 8, sum: '32' });
});
