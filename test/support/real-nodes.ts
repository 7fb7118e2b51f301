import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedNode, StartNodeOptions } from '../../node/start-node.ts';
import { startNode } from '../../node/start-node.ts';
import { openDataFolder } from '../../node/store/index.ts';
import type { ClusterMaterial, DomainMaterial, NodeMaterial } from '../../operator-cli/cluster/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Store, TableName, WindowKeys } from '../../src/ports/index.ts';
import { recordingLog } from './recording-log.ts';

/** Nodes as `m-cloud-node` starts them, in this process: real TLS on loopback, real disks. */
export interface RealNodes {
  /** Lines that all nodes logged. */
  readonly logLines: readonly string[];
  /** What a node is started with; a test may change a part of it. */
  optionsOf(nodeId: string): StartNodeOptions;
  /** Resolves when the node serves, for which most of the others must run. */
  start(nodeId: string): Promise<void>;
  stop(nodeId: string): Promise<void>;
  /** Resolves with the reason when a running node can't go on. */
  stopped(nodeId: string): Promise<Error>;
  /** Lets a test change what a stopped node has on its disk. */
  withStore(nodeId: string, change: (store: Store, keys: WindowKeys) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** @param ports other limits of the public ports than a node has by itself. */
export async function startRealNodes(
  material: ClusterMaterial,
  ports: Pick<StartNodeOptions, 'publicLimits' | 'publicShedding'> = {},
): Promise<RealNodes> {
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-test-'));
  const log = recordingLog();
  const running = new Map<string, StartedNode>();
  const nodes = material.domains.flatMap((domain) =>
    domain.nodes.map((node) => ({ ...node, sealing: domain.sealing })),
  );

  function materialOf(nodeId: string): NodeMaterial & Pick<DomainMaterial, 'sealing'> {
    const node = nodes.find(({ id }) => id === nodeId);
    if (node === undefined) throw new Error(`expected a node of the cluster, got ${nodeId}`);
    return node;
  }

  function optionsOf(nodeId: string): StartNodeOptions {
    const { id, domain, storeId, address, publicTls, peerTls, sealing } = materialOf(nodeId);
    const identity = (key: NodeMaterial['peerTls']) => ({ cert: key.certificatePem, key: key.privateKeyPem });
    return {
      nodeId: id,
      domain,
      storeId,
      ring: material.ring.jws,
      dataFolder: join(folder, id),
      publicListen: { host: address.listenHost, port: address.publicPort },
      peerListen: { host: address.listenHost, port: address.peerPort },
      tls: identity(publicTls),
      peerTls: identity(peerTls),
      sealingKey: sealing.privateKeyPem,
      ...material.enrolment,
      ...ports,
      log,
    };
  }

  const real: RealNodes = {
    logLines: log.lines,
    optionsOf,
    async start(nodeId) {
      const started = await startNode(optionsOf(nodeId));
      running.set(nodeId, started);
      await started.serving;
    },
    async stop(nodeId) {
      await running.get(nodeId)?.close();
      running.delete(nodeId);
    },
    stopped(nodeId) {
      const node = running.get(nodeId);
      if (node === undefined) throw new Error(`expected a running node, got ${nodeId}`);
      return node.stopped;
    },
    async withStore(nodeId, change) {
      const { dataFolder, storeId } = optionsOf(nodeId);
      const { store, windowKeys } = await openDataFolder(dataFolder, storeId, cryptoRandomBytes);
      try {
        await change(store, windowKeys);
      } finally {
        await store.close();
      }
    },
    async close() {
      await Promise.all([...running.keys()].map((nodeId) => real.stop(nodeId)));
      await rm(folder, { recursive: true, force: true });
    },
  };
  await Promise.all(nodes.map(({ id }) => real.start(id)));
  return real;
}

/** Flips one bit in the middle of a row that the predicate picks. */
export async function flipBit(
  store: Store,
  table: TableName,
  picks: (key: Uint8Array) => boolean,
): Promise<void> {
  const to = new Uint8Array(128).fill(255);
  const rows = await store.range(table, { from: new Uint8Array(0), to, limit: 10_000 });
  const picked = rows.filter(([key]) => picks(key));
  if (picked.length === 0) throw new Error(`expected a row of ${table} to spoil`);
  await store.commit(
    picked.map(([key, row]) => {
      const value = row.slice();
      const middle = value.length >> 1;
      value[middle] = (value[middle] ?? 0) ^ 1;
      return { kind: 'put', table, key, value };
    }),
  );
}
