import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EngineError } from '../../src/foundation/index.ts';
import type { ClusterMaterial, DomainMaterial, NodeMaterial } from './init.ts';
import { nodeSettingsOf } from './init.ts';
import type { OperatorConfig } from './operator-config.ts';

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const FOLDER_MODE = 0o700;

interface ClusterFile {
  /** Relative to the cluster's folder. */
  readonly path: string;
  readonly text: string;
  readonly secret: boolean;
}

/**
 * Writes a cluster into a new folder:
 *
 *     ring.jws  operator.json  operator.key  sensor.json
 *     DOMAIN/domain.key  DOMAIN/ca.pem  DOMAIN/ca.key
 *     DOMAIN/NODE/node.json  ring.jws  tls.pem  tls.key  peer.pem  peer.key
 *
 * A node's folder is all that its computer needs; the domain's and the operator's keys stay out of it.
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export async function writeCluster(folder: string, material: ClusterMaterial): Promise<void> {
  const root = resolve(folder);
  await makeNewFolder(root);
  try {
    for (const file of clusterFiles(material)) {
      const path = join(root, file.path);
      await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
      await writeFile(path, file.text, { flag: 'wx', mode: file.secret ? SECRET_MODE : PUBLIC_MODE });
    }
  } catch (error) {
    // Half a cluster would be refused by the next attempt and be of no use to anyone.
    await rm(root, { recursive: true, force: true });
    throw unusable(root, error);
  }
}

/** Fails on a folder that exists: its keys may be the only ones of a running cluster. */
async function makeNewFolder(root: string): Promise<void> {
  try {
    await mkdir(dirname(root), { recursive: true });
    await mkdir(root, { mode: FOLDER_MODE });
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new EngineError('INVALID_ARGUMENT', `expected a folder that does not exist yet, got ${root}`);
    }
    throw unusable(root, error);
  }
}

function clusterFiles(material: ClusterMaterial): readonly ClusterFile[] {
  const { ring, operator, sensorBundle, domains } = material;
  const operatorConfig: OperatorConfig = { format: 1, ring: 'ring.jws', key: 'operator.key' };
  return [
    open('ring.jws', `${ring.jws}\n`),
    secret('operator.key', operator.privateKeyPem),
    open('operator.json', json(operatorConfig)),
    open('sensor.json', json(sensorBundle)),
    ...domains.flatMap((domain) => domainFiles(domain, material)),
  ];
}

function domainFiles(domain: DomainMaterial, material: ClusterMaterial): readonly ClusterFile[] {
  return [
    secret(join(domain.domain, 'domain.key'), domain.key.privateKeyPem),
    open(join(domain.domain, 'ca.pem'), domain.authority.certificatePem),
    secret(join(domain.domain, 'ca.key'), domain.authority.privateKeyPem),
    ...domain.nodes.flatMap((node) => nodeFiles(node, material)),
  ];
}

function nodeFiles(node: NodeMaterial, { ring }: ClusterMaterial): readonly ClusterFile[] {
  const folder = join(node.domain, node.id);
  return [
    open(join(folder, 'node.json'), json(nodeSettingsOf(node))),
    open(join(folder, 'ring.jws'), `${ring.jws}\n`),
    open(join(folder, 'tls.pem'), node.publicTls.certificatePem),
    secret(join(folder, 'tls.key'), node.publicTls.privateKeyPem),
    open(join(folder, 'peer.pem'), node.peerTls.certificatePem),
    secret(join(folder, 'peer.key'), node.peerTls.privateKeyPem),
  ];
}

function open(path: string, text: string): ClusterFile {
  return { path, text, secret: false };
}

function secret(path: string, text: string): ClusterFile {
  return { path, text, secret: true };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function unusable(root: string, error: unknown): EngineError {
  return new EngineError(
    'INVALID_ARGUMENT',
    `expected a place for a new folder, got ${systemCode(error)} at ${root}`,
    {},
    { cause: error },
  );
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'another failure';
}
