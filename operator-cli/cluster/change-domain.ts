import { basename, dirname, isAbsolute, join } from 'node:path';
import { EngineError, invariant, toHex } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type { DomainSection, NodeId, StoreId } from '../../src/ring/index.ts';
import { storeId } from '../../src/ring/index.ts';
import type { NodeAddress } from './addresses.ts';
import type { CertificateSource } from './certificates.ts';
import { createNode } from './domain.ts';
import { formerNames, readOwn, readSection, readSettings, signNext } from './domain-folder.ts';
import type { NewFile } from './new-folder.ts';
import { replaceFile, secretFile, writeNewFolder } from './new-folder.ts';
import { nodeFiles, SECTION_FILE } from './write-cluster.ts';

/** A store that takes the place of a lost one, from the placement that names it on. */
export interface ReplacedStore {
  readonly section: DomainSection;
  readonly lost: StoreId;
  readonly storeId: StoreId;
  /** The data folder that the node's settings name now; the old one is left as it is. */
  readonly dataFolder: string;
}

/**
 * Gives a node of the domain a new store: its settings name a new store and an empty data folder, and the domain's
 * next section declares the old one lost. The domain's key signs it here, on the domain's own computer.
 * @param folder as "domain init" made it.
 * @throws EngineError `INVALID_ARGUMENT` when the folder or the node is not there
 */
export async function replaceStore(
  folder: string,
  id: NodeId,
  randomBytes: RandomBytes,
): Promise<ReplacedStore> {
  const before = await readSection(folder);
  const node = before.nodes.find((one) => one.id === id);
  if (node === undefined) throw noNode(before, id);
  const settingsPath = join(folder, id, 'node.json');
  const settings = await readSettings(settingsPath);
  const next = storeId(toHex(randomBytes(16)));
  const data = typeof settings.dataFolder === 'string' ? settings.dataFolder : 'data';
  const dataFolder = join(
    dirname(data),
    `${basename(data).replace(/-[0-9a-f]{8}$/, '')}-${next.slice(0, 8)}`,
  );
  const section = await signNext(folder, before, {
    nodes: before.nodes.map((one) => (one === node ? { ...node, storeId: next } : one)),
    lostStores: [...before.lostStores, node.storeId],
  });
  const changed = { ...settings, storeId: next, dataFolder };
  await replaceFile(settingsPath, `${JSON.stringify(changed, null, 2)}\n`);
  await replaceFile(join(folder, SECTION_FILE), `${section.jws}\n`);
  return { section, lost: node.storeId, storeId: next, dataFolder };
}

/** Settings that are the domain's: a node with another floor would release what the others withhold. */
const SHARED_SETTINGS = [
  'enrolmentAuthorities',
  'allowOpenEnrolment',
  'formerSealingKeys',
  'minSensorsFloor',
  'tokenIssuer',
];

/** A node that its domain has from the placement on that names it. */
export interface AddedNode {
  readonly section: DomainSection;
  /** The settings that it shares with the domain's first node, and the folder of that one. */
  readonly shared: readonly string[];
  readonly sharedWith: string;
}

/**
 * Adds a node to the domain: its keys, certificates and settings in a folder of its own, and the domain's next section.
 * What nodes of a domain share is taken from the settings of the first one, as they stand in the domain's folder.
 * @throws EngineError `INVALID_ARGUMENT` when there is such a folder, `RING_REFUSED` for a node no section may have
 */
export async function addNode(
  folder: string,
  id: NodeId,
  address: NodeAddress,
  replicas: number | undefined,
  source: CertificateSource,
): Promise<AddedNode> {
  const before = await readSection(folder);
  const [caPem, caKey, sealingKey] = await Promise.all(
    ['ca.pem', 'ca.key', 'sealing.key'].map((name) => readOwn(join(folder, name))),
  );
  const { openAuthority } = await import('./certificates.ts');
  const authority = await openAuthority(caPem ?? '', caKey ?? '');
  const node = await createNode(id, before.domain, address, authority, source);
  const { url, peerUrl, storeId: store } = node;
  const section = await signNext(folder, before, {
    replicas: replicas ?? before.replicas,
    nodes: [...before.nodes, { id, url, peerUrl, storeId: store }],
  });
  const [first] = before.nodes;
  invariant(first !== undefined, 'a section lists a node');
  const settings = await readSettings(join(folder, first.id, 'node.json'));
  const shared = SHARED_SETTINGS.filter((name) => settings[name] !== undefined);
  const own = Object.fromEntries(shared.map((name) => [name, settings[name]]));
  await writeNewFolder(join(folder, id), [
    ...nodeFiles('', node, sealingKey ?? '', own),
    ...(await formerKeys(join(folder, first.id), settings)),
  ]);
  await replaceFile(join(folder, SECTION_FILE), `${section.jws}\n`);
  return { section, shared, sharedWith: first.id };
}

/** The files of a node that its settings name as former keys; a path from elsewhere is good for the new node as it is. */
function formerKeys(nodeFolder: string, settings: Readonly<Record<string, unknown>>): Promise<NewFile[]> {
  const inFolder = formerNames(settings).filter((name) => !isAbsolute(name));
  return Promise.all(inFolder.map(async (name) => secretFile(name, await readOwn(join(nodeFolder, name)))));
}

function noNode({ domain, nodes }: DomainSection, id: NodeId): EngineError {
  const names = nodes.map((node) => node.id).join(', ');
  return new EngineError('INVALID_ARGUMENT', `expected a node of domain ${domain} (${names}), got ${id}`);
}
