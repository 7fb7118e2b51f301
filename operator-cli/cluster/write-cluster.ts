import { join } from 'node:path';
import type { DomainEnrolment, DomainMaterial, NodeMaterial } from './domain.ts';
import { nodeSettingsOf } from './domain.ts';
import type { ClusterMaterial } from './init.ts';
import { jsonFile, type NewFile, openFile, secretFile, writeNewFolder } from './new-folder.ts';
import type { OperatorConfig } from './operator-config.ts';

/** Names beside `operator.json`, which leads to them. */
const OPERATOR_CONFIG: OperatorConfig = { format: 1, ring: 'ring.jws', key: 'operator.key' };

/** The document a node starts with; a domain's own folder has none until the ring is assembled. */
export const NODE_RING_FILE = 'ring.jws';
export const SECTION_FILE = 'section.jws';
/** The enrolment authority of a development cluster; a real one has a folder, and a person, of its own. */
export const AUTHORITY_FOLDER = 'authority';
export const AUTHORITY_KEY_FILE = 'authority.key';

/**
 * Writes a development cluster into a new folder:
 *
 *     ring.jws  operator.json  operator.key  sensor.json  authority/authority.key
 *     DOMAIN/domain.key  DOMAIN/sealing.key  DOMAIN/ca.pem  DOMAIN/ca.key  DOMAIN/section.jws
 *     DOMAIN/NODE/node.json  ring.jws  tls.pem  tls.key  peer.pem  peer.key  sealing.key
 *
 * A node's folder is all that its computer needs; the domain's and the operator's keys stay out of it.
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export function writeCluster(folder: string, material: ClusterMaterial): Promise<void> {
  const { ring, operator, authority, enrolment, sensorBundle, domains } = material;
  const ringText = `${ring.jws}\n`;
  return writeNewFolder(folder, [
    openFile(OPERATOR_CONFIG.ring, ringText),
    ...operatorFiles(operator.privateKeyPem),
    secretFile(join(AUTHORITY_FOLDER, AUTHORITY_KEY_FILE), authority.privateKeyPem),
    jsonFile('sensor.json', sensorBundle),
    ...domains.flatMap((domain) => [
      ...domainFiles(domain.domain, domain, enrolment),
      ...domain.nodes.map(({ id }) => openFile(join(domain.domain, id, NODE_RING_FILE), ringText)),
    ]),
  ]);
}

/**
 * Writes one domain into a new folder; only `section.jws` is for others, and a node's folder for its computer.
 *
 *     domain.key  sealing.key  ca.pem  ca.key  section.jws
 *     NODE/node.json  tls.pem  tls.key  peer.pem  peer.key  sealing.key
 *
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export function writeDomain(
  folder: string,
  material: DomainMaterial,
  enrolment: DomainEnrolment,
): Promise<void> {
  return writeNewFolder(folder, domainFiles('', material, enrolment));
}

/**
 * Writes the operator's key and configuration into a new folder; the ring document comes when it is assembled.
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export function writeOperator(folder: string, privateKeyPem: string): Promise<void> {
  return writeNewFolder(folder, operatorFiles(privateKeyPem));
}

/**
 * Writes the key of an enrolment authority into a new folder; its log follows with the first batch.
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export function writeAuthority(folder: string, privateKeyPem: string): Promise<void> {
  return writeNewFolder(folder, [secretFile(AUTHORITY_KEY_FILE, privateKeyPem)]);
}

function operatorFiles(privateKeyPem: string): readonly NewFile[] {
  return [secretFile(OPERATOR_CONFIG.key, privateKeyPem), jsonFile('operator.json', OPERATOR_CONFIG)];
}

function domainFiles(folder: string, domain: DomainMaterial, enrolment: DomainEnrolment): readonly NewFile[] {
  return [
    secretFile(join(folder, 'domain.key'), domain.key.privateKeyPem),
    secretFile(join(folder, 'sealing.key'), domain.sealing.privateKeyPem),
    openFile(join(folder, 'ca.pem'), domain.authority.certificatePem),
    secretFile(join(folder, 'ca.key'), domain.authority.privateKeyPem),
    openFile(join(folder, SECTION_FILE), `${domain.section}\n`),
    ...domain.nodes.flatMap((node) =>
      nodeFiles(join(folder, node.id), node, domain.sealing.privateKeyPem, enrolment),
    ),
  ];
}

/** What a node's folder holds besides the ring document. @param shared settings that all nodes of its domain have. */
export function nodeFiles(
  folder: string,
  node: NodeMaterial,
  sealingKeyPem: string,
  shared: object,
): readonly NewFile[] {
  return [
    jsonFile(join(folder, 'node.json'), nodeSettingsOf(node, shared)),
    openFile(join(folder, 'tls.pem'), node.publicTls.certificatePem),
    secretFile(join(folder, 'tls.key'), node.publicTls.privateKeyPem),
    openFile(join(folder, 'peer.pem'), node.peerTls.certificatePem),
    secretFile(join(folder, 'peer.key'), node.peerTls.privateKeyPem),
    secretFile(join(folder, 'sealing.key'), sealingKeyPem),
  ];
}
