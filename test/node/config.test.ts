import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadNodeConfig } from '../../node/config.ts';
import { temporaryFolder } from '../support/folders.ts';

const SETTINGS = {
  nodeId: 'a-1',
  domain: 'alpha',
  storeId: '01'.repeat(16),
  publicListen: { host: '127.0.0.1', port: 7443 },
  peerListen: { host: '127.0.0.1', port: 7444 },
  dataFolder: 'data',
  ring: '../ring.jws',
  tls: { cert: 'tls.pem', key: 'tls.key' },
  peerTls: { cert: 'peer.pem', key: '/keys/peer.key' },
  sealingKey: 'sealing.key',
  logLevel: 'info',
};

async function load(settings: unknown, env: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  const path = join(folder, 'node.json');
  await writeFile(path, typeof settings === 'string' ? settings : JSON.stringify(settings));
  return { folder, path, config: () => loadNodeConfig(path, env) };
}

async function expectRefused(
  settings: unknown,
  message: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const { path, config } = await load(settings, env);
  expect(config).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(config).toThrow(message);
  expect(config).toThrow(path);
}

test('relative paths of the file count from its folder', async () => {
  const { folder, config } = await load(SETTINGS);
  expect(config()).toEqual({
    ...SETTINGS,
    dataFolder: join(folder, 'data'),
    ring: resolve(folder, '../ring.jws'),
    tls: { cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') },
    peerTls: { cert: join(folder, 'peer.pem'), key: '/keys/peer.key' },
    sealingKey: join(folder, 'sealing.key'),
    formerSealingKeys: [],
    enrolmentAuthorities: [],
    allowOpenEnrolment: false,
  });
});

test('every setting can be given by the environment, whose relative paths count from the working directory', async () => {
  const { config } = await load('{}', {
    MCLOUD_NODE_ID: 'b-2',
    MCLOUD_DOMAIN: 'beta',
    MCLOUD_STORE_ID: '02'.repeat(16),
    MCLOUD_PUBLIC_HOST: '0.0.0.0',
    MCLOUD_PUBLIC_PORT: '1',
    MCLOUD_PEER_HOST: '::',
    MCLOUD_PEER_PORT: '65535',
    MCLOUD_DATA_FOLDER: '/data',
    MCLOUD_RING: 'ring.jws',
    MCLOUD_TLS_CERT: '/a',
    MCLOUD_TLS_KEY: '/b',
    MCLOUD_PEER_TLS_CERT: '/c',
    MCLOUD_PEER_TLS_KEY: '/d',
    MCLOUD_SEALING_KEY: '/e',
    MCLOUD_FORMER_SEALING_KEYS: '/f,g',
    MCLOUD_ENROLMENT_AUTHORITIES: `${'A'.repeat(43)},${'B'.repeat(43)}`,
    MCLOUD_ALLOW_OPEN_ENROLMENT: 'true',
    MCLOUD_LOG_LEVEL: 'debug',
    PATH: '/bin',
  });
  expect(config()).toEqual({
    nodeId: 'b-2',
    domain: 'beta',
    storeId: '02'.repeat(16),
    publicListen: { host: '0.0.0.0', port: 1 },
    peerListen: { host: '::', port: 65_535 },
    dataFolder: '/data',
    ring: resolve('ring.jws'),
    tls: { cert: '/a', key: '/b' },
    peerTls: { cert: '/c', key: '/d' },
    sealingKey: '/e',
    formerSealingKeys: ['/f', resolve('g')],
    enrolmentAuthorities: ['A'.repeat(43), 'B'.repeat(43)],
    allowOpenEnrolment: true,
    logLevel: 'debug',
  });
});

test('the environment wins over the file, and an empty variable is none', async () => {
  const { config } = await load(SETTINGS, { MCLOUD_PUBLIC_PORT: '8443', MCLOUD_NODE_ID: '' });
  expect(config()).toMatchObject({ nodeId: 'a-1', publicListen: { host: '127.0.0.1', port: 8443 } });
});

test('an unknown setting is refused by name, also inside another', async () => {
  await expectRefused({ ...SETTINGS, loglevel: 'info' }, /additional properties \(loglevel\)/);
  await expectRefused({ ...SETTINGS, tls: { ...SETTINGS.tls, ca: 'x' } }, /tls must not .*\(ca\)/);
});

test('an authority that is no key, and a switch that is neither true nor false, are refused', async () => {
  await expectRefused(
    { ...SETTINGS, enrolmentAuthorities: ['operator'] },
    /enrolmentAuthorities\.0 must match/,
  );
  await expectRefused(SETTINGS, /allowOpenEnrolment must be boolean/, { MCLOUD_ALLOW_OPEN_ENROLMENT: 'yes' });
});

test('a missing or wrong setting is refused by name', async () => {
  const { ring: _, ...withoutRing } = SETTINGS;
  await expectRefused(withoutRing, /required properties ring/);
  await expectRefused(
    { ...SETTINGS, publicListen: { host: 'x', port: 65_536 } },
    /publicListen\.port must be <= 65535, got 65536/,
  );
  await expectRefused({ ...SETTINGS, logLevel: 'loud' }, /logLevel .*\(silent, error, warn, info, debug\)/);
  await expectRefused({ ...SETTINGS, nodeId: 'A 1' }, /a node id/);
  await expectRefused({ ...SETTINGS, storeId: 'x' }, /a store id/);
  await expectRefused(SETTINGS, /peerListen\.port must be integer, got "70a"/, { MCLOUD_PEER_PORT: '70a' });
});

test('a file that is missing, no JSON or no object is refused', async () => {
  expect(() => loadNodeConfig('/nowhere/node.json', {})).toThrow(
    /\/nowhere\/node\.json: cannot be read: ENOENT \(no such file or folder\)/,
  );
  await expectRefused('{"nodeId": ', /expected JSON, got something else in line 1$/);
  await expectRefused('{\n"nodeId": "a",\n}\n', /expected JSON, got something else in line 3$/);
  await expectRefused('{\n"nodeId": "a"\n', /expected JSON, got something else in line 2$/);
  await expectRefused('[]', /expected a JSON object/);
});
