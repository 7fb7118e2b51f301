import { basename, dirname, join } from 'node:path';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type { DomainSection, NodeId, StoreId } from '../../src/ring/index.ts';
import { storeId } from '../../src/ring/index.ts';
import type { NodeAddress } from './addresses.ts';
import type { CertificateSource } from './certificates.ts';
import { openAuthority } from './certificates.ts';
import { createNode } from './domain.ts';
import { readOwn, readSection, readSettings, signNext } from './domain-folder.ts';
import { replaceFile, writeNewFolder } from './new-folder.ts';
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

/**
 * Adds a node to the domain: its keys, certificates and settings in a folder of its own, and the domain's next section.
 * @throws EngineError `INVALID_ARGUMENT` when there is such a folder, `RING_REFUSED` for a node no section may have
 */
export async function addNode(
  folder: string,
  id: NodeId,
  address: NodeAddress,
  replicas: number | undefined,
  source: CertificateSource,
): Promise<DomainSection> {
  const before = await readSection(folder);
  const [caPem, caKey, sealingKey] = await Promise.all(
    ['ca.pem', 'ca.key', 'sealing.key'].map((name) => readOwn(join(folder, name))),
  );
  const authority = await openAuthority(caPem ?? '', caKey ?? '');
  const node = await createNode(id, before.domain, address, authority, source);
  const { url, peerUrl, storeId: store } = node;
  const section = await signNext(folder, before, {
    replicas: replicas ?? before.replicas,
    nodes: [...before.nodes, { id, url, peerUrl, storeId: store }],
  });
  const [first] = before.nodes;
  const settings = first === undefined ? {} : await readSettings(join(folder, first.id, 'node.json'));
  const enrolment = {
    enrolmentAuthorities: Array.isArray(settings.enrolmentAuthorities)
      ? settings.enrolmentAuthorities.map(String)
      : [],
    allowOpenEnrolment: settings.allowOpenEnrolment === true,
  };
  await writeNewFolder(join(folder, id), nodeFiles('', node, sealingKey ?? '', enrolment));
  await replaceFile(join(folder, SECTION_FILE), `${section.jws}\n`);
  return section;
}

function noNode({ domain, nodes }: DomainSection, id: NodeId): EngineError {
  const names = nodes.map((node) => node.id).join(', ');
  return new EngineError('INVALID_ARGUMENT', `expected a node of domain ${domain} (${names}), got ${id}`);
}
