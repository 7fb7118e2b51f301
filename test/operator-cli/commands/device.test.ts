import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf } from '../../../operator-cli/cluster/index.ts';
import { runSensorCli } from '../../../sensor-client/cli/program.ts';
import { fromBase64Url, toHex } from '../../../src/foundation/index.ts';
import { generateEd25519 } from '../../../src/platform/index.ts';
import { sensorIdOf } from '../../../src/protocol/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { sensorCliEnvironment } from '../../support/sensor-cli-environment.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { cli } from '../support/cli.ts';

let cloud: SmallCloud;
let folder: string;
let authority: string;
let bundle: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  authority = join(folder, 'authority');
  const made = await cli(['--json', 'device', 'init-authority', authority]);
  const { key } = JSON.parse(made.out);
  cloud = await startSmallCloud({
    shape: { nodes: [2, 1, 1] },
    stream: { enrolment: 'required' },
    enrolment: { enrolmentAuthorities: [key], allowOpenEnrolment: false },
  });
  bundle = join(folder, 'sensor.json');
  await writeFile(bundle, JSON.stringify(bundleOf(cloud.ring)));
});
afterEach(() => cloud.close());

/** Runs `m-cloud --json device ...` on the test's authority. */
async function device(verb: string, ...args: readonly string[]) {
  const line = ['--json', 'device', verb, '--authority', authority, ...args];
  const { code, out, err } = await cli(line, { reach: () => cloud.transport });
  return { code, err, answer: out === '' ? null : JSON.parse(out) };
}

/** Runs `m-cloud-sensor keygen` and keeps what it tells the authority. */
async function keygen(name: string): Promise<{ sensor: string; key: string; file: string }> {
  const file = join(folder, name);
  const environment = sensorCliEnvironment();
  expect(await runSensorCli(['keygen', file, '--json'], environment)).toBe(0);
  return { ...JSON.parse(environment.printed()), file };
}

/** What every node makes of the sensor. */
function standings(key: string): Set<string> {
  const id = sensorIdOf(fromBase64Url(key));
  return new Set(cloud.nodeIds.map((node) => cloud.handle(node).roster.find(cloud.stream, id).kind));
}

describe('m-cloud device', () => {
  it('makes an authority whose key only its owner reads', async () => {
    expect((await stat(join(authority, 'authority.key'))).mode & 0o777).toBe(0o600);
    expect((await cli(['device', 'init-authority', authority])).code).toBe(2);
  });

  it('enrols a sensor at every node, and lists it', async () => {
    const { sensor, key } = await keygen('one.key');
    const { code, answer } = await device('enrol', '--bundle', bundle, key);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ sequence: 1, enrolled: 1, revoked: 0 });
    expect(answer.nodes.map((node: { sequence: number }) => node.sequence)).toEqual([1, 1, 1, 1]);
    expect(standings(key)).toEqual(new Set(['accepted']));
    const { answer: listed } = await device('list');
    expect(listed.sensors).toEqual([{ sensor, state: 'enrolled', batch: 1 }]);
  });

  it('revokes a sensor at every node, and enrols it never again', async () => {
    const { sensor, key } = await keygen('one.key');
    await device('enrol', '--bundle', bundle, key);
    expect((await device('revoke', '--bundle', bundle, sensor)).code).toBe(0);
    expect(standings(key)).toEqual(new Set(['revoked']));
    const again = await device('enrol', '--bundle', bundle, key);
    expect(again.code).toBe(4);
    expect(again.err).toContain('SENSOR_REVOKED');
  });

  it('replaces a key by one that the old key vouches for', async () => {
    const old = await keygen('old.key');
    await device('enrol', '--bundle', bundle, '--stream', cloud.stream.hash, old.key);
    const environment = sensorCliEnvironment();
    const fresh = join(folder, 'new.key');
    expect(await runSensorCli(['rotate', '--key', old.file, '--new-key', fresh], environment)).toBe(0);
    expect((await stat(fresh)).mode & 0o777).toBe(0o600);
    const request = join(folder, 'rotation.json');
    await writeFile(request, environment.printed());
    expect((await device('rotate', '--bundle', bundle, request)).answer).toMatchObject({
      enrolled: 1,
      revoked: 1,
    });
    expect(standings(old.key)).toEqual(new Set(['revoked']));
    expect(standings(JSON.parse(environment.printed()).newKey)).toEqual(new Set(['accepted']));
    // The old key can vouch for nothing any more.
    expect((await device('rotate', '--bundle', bundle, request)).err).toContain('ROSTER_REFUSED');
  });

  it('refuses a new key that the old one did not sign', async () => {
    const [old, thief] = [await keygen('old.key'), await keygen('thief.key')];
    await device('enrol', '--bundle', bundle, old.key);
    const environment = sensorCliEnvironment();
    await runSensorCli(['rotate', '--key', thief.file, '--new-key', join(folder, 'new.key')], environment);
    const request = join(folder, 'rotation.json');
    await writeFile(request, JSON.stringify({ ...JSON.parse(environment.printed()), oldKey: old.key }));
    const refused = await device('rotate', '--bundle', bundle, request);
    expect(refused.code).toBe(4);
    expect(refused.err).toContain('signed by the key of sensor');
    expect(standings(old.key)).toEqual(new Set(['accepted']));
  });

  it('brings what a node missed when it is told again', async () => {
    const [first, second] = [await keygen('one.key'), await keygen('two.key')];
    await device('enrol', first.key);
    await device('enrol', second.key);
    expect(standings(second.key)).toEqual(new Set(['unknown']));
    const { answer } = await device('push', '--bundle', bundle);
    expect(answer.nodes.map((node: { sequence: number }) => node.sequence)).toEqual([2, 2, 2, 2]);
    expect(standings(first.key)).toEqual(new Set(['accepted']));
  });

  it('goes on while a node is away, and fails when a whole domain is', async () => {
    const [first, second] = [await keygen('one.key'), await keygen('two.key')];
    const [a1, , , c1] = cloud.nodeIds;
    if (a1 === undefined || c1 === undefined) throw new Error('expected four nodes');
    await cloud.stop(a1);
    expect((await device('enrol', '--bundle', bundle, first.key)).code).toBe(0);
    await cloud.stop(c1);
    const missed = await device('enrol', '--bundle', bundle, second.key);
    expect(missed.code).toBe(5);
    expect(missed.err).toContain('domain c');
  });

  it('is refused by domains that trust another authority', async () => {
    const other = join(folder, 'other');
    await cli(['device', 'init-authority', other]);
    const { key } = await keygen('one.key');
    const line = ['device', 'enrol', '--authority', other, '--bundle', bundle, key];
    const { code, err } = await cli(line, { reach: () => cloud.transport });
    expect(code).toBe(4);
    expect(err).toContain('ROSTER_REFUSED');
  });

  it.each([
    ['no key', []],
    ['a word', ['thermometer']],
    ['a point that is not on the curve', [`B${'A'.repeat(86)}`]],
  ])('refuses %s, and signs nothing', async (_, args) => {
    expect((await device('enrol', ...args)).code).not.toBe(0);
    expect(await readdir(authority)).toEqual(['authority.key']);
  });

  it('refuses a log that another key has signed', async () => {
    const { key } = await keygen('one.key');
    await device('enrol', key);
    const { privateKeyPem } = await generateEd25519();
    await writeFile(join(authority, 'authority.key'), privateKeyPem);
    expect((await device('list')).err).toContain('ROSTER_REFUSED');
  });

  it('refuses to revoke a sensor that it never enrolled', async () => {
    expect((await device('revoke', toHex(new Uint8Array(16)))).err).toContain('SENSOR_UNKNOWN');
  });
});

describe('m-cloud-sensor keygen', () => {
  it('keeps the private key in a file that only its owner reads, and never over another', async () => {
    const { file, key } = await keygen('one.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const before = await readFile(file, 'utf8');
    const environment = sensorCliEnvironment();
    expect(await runSensorCli(['keygen', file], environment)).toBe(2);
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(before).not.toContain(key);
    expect(environment.printed()).toBe('');
  });
});
