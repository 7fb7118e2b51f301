import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedNode, startNode } from '../../node/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import {
  type ClusterMaterial,
  createDevelopmentCluster,
  type DomainMaterial,
  givenPorts,
  type NodeMaterial,
} from '../cluster/index.ts';
import { findFreePorts } from './free-ports.ts';

const HOST = '127.0.0.1';

export interface EmbeddedClusterOptions {
  readonly domains: number;
  readonly nodesPerDomain: number;
  /** Where the nodes keep their data; a temporary folder, removed at the end, where it is not given. */
  readonly folder?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A whole cluster in one process: real HTTPS on loopback, real disks, keys made on the spot. */
export interface EmbeddedCluster {
  readonly material: ClusterMaterial;
  /** Resolves, never rejects, with the reason when a node stopped by itself. */
  readonly failed: Promise<Error>;
  /** Stops every node and removes the temporary folder. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a development cluster whose nodes are the ones that run in production: only their being in one
 * process differs, so one party holds all shares and nothing is private.
 * @throws EngineError `ADDRESS_IN_USE`, `DATA_FOLDER_UNUSABLE` and whatever a node refuses to start with
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { domains, nodesPerDomain, clock } = options;
  const ports = await findFreePorts(HOST, 2 * domains * nodesPerDomain);
  const material = await createDevelopmentCluster({
    domains,
    nodesPerDomain,
    acceptors: 3,
    replicas: Math.min(2, nodesPerDomain),
    addresses: givenPorts(HOST, ports),
    randomBytes: cryptoRandomBytes,
    clock,
  });
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'm-cloud-')));
  const nodes: StartedNode[] = [];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeAll(nodes, options.folder === undefined ? folder : undefined);
    return closing;
  };
  const starts = await Promise.allSettled(
    material.domains
      .flatMap((domain) => domain.nodes.map((node) => ({ ...node, sealing: domain.sealing })))
      .map((node) => startNode(settingsOf(node, material, join(folder, node.id), options.log))),
  );
  let failure: unknown;
  for (const start of starts) {
    if (start.status === 'fulfilled') nodes.push(start.value);
    else failure ??= start.reason;
  }
  if (failure !== undefined) {
    await close();
    throw failure;
  }
  await Promise.all(nodes.map(({ serving }) => serving));
  return { material, failed: Promise.race(nodes.map(({ stopped }) => stopped)), close };
}

function settingsOf(
  node: NodeMaterial & Pick<DomainMaterial, 'sealing'>,
  { ring, enrolment }: ClusterMaterial,
  dataFolder: string,
  log: Log,
) {
  const { id, domain, storeId, address, publicTls, peerTls, sealing } = node;
  return {
    nodeId: id,
    domain,
    storeId,
    ring: ring.jws,
    dataFolder,
    publicListen: { host: HOST, port: address.publicPort },
    peerListen: { host: HOST, port: address.peerPort },
    tls: { cert: publicTls.certificatePem, key: publicTls.privateKeyPem },
    peerTls: { cert: peerTls.certificatePem, key: peerTls.privateKeyPem },
    sealingKey: sealing.privateKeyPem,
    ...enrolment,
    log,
  };
}

/** Every node closes, also after another one failed to; only then is the folder under them free to go. */
async function closeAll(nodes: readonly StartedNode[], folder: string | undefined): Promise<void> {
  await Promise.allSettled(nodes.map((node) => node.close()));
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
