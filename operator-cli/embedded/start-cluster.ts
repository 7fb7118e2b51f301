import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenPeer, listenPublic } from '../../node/http/index.ts';
import { openNode } from '../../node/node.ts';
import { openDataFolder } from '../../node/store/index.ts';
import { createUndiciTransport, cryptoRandomBytes, nodeVerifier } from '../../src/platform/index.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import { publicKeyBytes } from '../../src/ring/index.ts';
import {
  type ClusterMaterial,
  createDevelopmentCluster,
  givenPorts,
  type NodeMaterial,
} from '../cluster/index.ts';
import { transportTargets } from '../transport-targets.ts';
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

/** One part of the cluster that has to be closed, and how. */
type Closer = () => Promise<unknown>;

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
    acceptors: 1,
    replicas: 1,
    addresses: givenPorts(HOST, ports),
    randomBytes: cryptoRandomBytes,
    clock,
  });
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'm-cloud-')));
  const closers: Closer[] = [];
  if (options.folder === undefined) closers.push(() => rm(folder, { recursive: true, force: true }));
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeAll(closers);
    return closing;
  };
  try {
    const nodes = material.domains.flatMap((domain) => domain.nodes);
    const handles = await Promise.all(
      nodes.map((node) => startNode(node, material, join(folder, node.id), options, closers)),
    );
    return { material, failed: Promise.race(handles.map(({ stopped }) => stopped)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startNode(
  node: NodeMaterial,
  { ring }: ClusterMaterial,
  folder: string,
  { clock, log }: EmbeddedClusterOptions,
  closers: Closer[],
): Promise<{ readonly stopped: Promise<Error> }> {
  const { store, windowKeys } = await openDataFolder(folder, node.storeId, cryptoRandomBytes);
  closers.push(() => store.close());
  const peers = createUndiciTransport({
    targets: transportTargets(ring, 'peerUrl'),
    clientCertificate: { cert: node.peerTls.certificatePem, key: node.peerTls.privateKeyPem },
  });
  closers.push(() => peers.close());
  const handle = await openNode(
    { clock, randomBytes: cryptoRandomBytes, store, keys: windowKeys, peers, log, verifier: nodeVerifier },
    { nodeId: node.id, domain: node.domain, ring: ring.jws, operatorKey: ring.operatorKey },
  );
  closers.push(() => handle.close());
  const sections = ring.domains;
  const peerPort = await listenPeer({
    address: { host: HOST, port: node.address.peerPort },
    tls: { cert: node.peerTls.certificatePem, key: node.peerTls.privateKeyPem },
    router: handle.peerRouter,
    log,
    peers: () => sections,
  });
  closers.push(() => peerPort.close());
  const operatorKey = publicKeyBytes(ring.operatorKey);
  const publicPort = await listenPublic({
    address: { host: HOST, port: node.address.publicPort },
    tls: { cert: node.publicTls.certificatePem, key: node.publicTls.privateKeyPem },
    router: handle.publicRouter,
    log,
    clock,
    operatorKey: () => operatorKey,
    audience: node.domain,
    readiness: () => handle.readiness(),
  });
  closers.push(() => publicPort.close());
  // In an object: a promise returned from here would be waited for.
  return { stopped: handle.stopped };
}

/** Last opened, first closed: ports before nodes before stores before the folder under them. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) await close().catch(() => undefined);
}
