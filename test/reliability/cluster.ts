import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from '../../operator-cli/at-exit.ts';
import type { ClusterMaterial } from '../../operator-cli/cluster/index.ts';
import { createDevelopmentCluster, givenPorts, writeCluster } from '../../operator-cli/cluster/index.ts';
import { findFreePorts } from '../../operator-cli/embedded/free-ports.ts';
import type { Operator } from '../../operator-cli/operator/index.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Transport } from '../../src/ports/index.ts';
import type { StreamDocument, StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { DomainId, RingDocument } from '../../src/ring/index.ts';
import { createNodeProcesses, type NodeProcesses } from './node-processes.ts';
import { nodeProgram } from './node-program.ts';

const HOST = '127.0.0.1';

export interface ProcessClusterOptions {
  readonly domains: number;
  readonly nodesPerDomain: number;
  readonly replicas: number;
  readonly acceptors: 1 | 3;
  readonly streamOf: (ring: RingDocument) => StreamPayload;
  readonly violation: (text: string) => void;
}

/** A cluster of processes on loopback, one stream that its nodes know, and its operator in this process. */
export interface ProcessCluster {
  readonly material: ClusterMaterial;
  readonly processes: NodeProcesses;
  readonly operator: Operator;
  readonly stream: StreamDocument;
  /** To the public ports, with each domain's authority as the only trust. */
  readonly transport: Transport;
  tokenFor(domain: DomainId): Promise<string>;
  /** Kills every node and removes what they wrote. */
  close(): Promise<void>;
}

export async function startProcessCluster(options: ProcessClusterOptions): Promise<ProcessCluster> {
  const { domains, nodesPerDomain, replicas, acceptors, streamOf, violation } = options;
  const clock = systemClock();
  const material = await createDevelopmentCluster({
    domains,
    nodesPerDomain,
    acceptors,
    replicas,
    addresses: givenPorts(HOST, await findFreePorts(HOST, 2 * domains * nodesPerDomain)),
    randomBytes: cryptoRandomBytes,
    clock,
  });
  const home = await mkdtemp(join(tmpdir(), 'mcloud-processes-'));
  const transport = createUndiciTransport({ targets: transportTargets(material.ring) });
  const folder = join(home, 'cluster');
  let processes: NodeProcesses | undefined;
  // Also where the run is ended from outside: data folders of nodes are large.
  const forget = () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  const stay = atExit(forget);
  const close = async () => {
    await processes?.close();
    await transport.close();
    await rm(home, { recursive: true, force: true });
    stay();
  };
  try {
    await writeCluster(folder, material);
    const program = await nodeProgram(home);
    const started = createNodeProcesses({ material, folder, program, transport, violation });
    processes = started;
    for (const { id } of started.nodes) started.start(id);
    await Promise.all(started.nodes.map(({ id }) => started.ready(id)));
    const tokenFor = createTokenSource({ privateKeyPem: material.operator.privateKeyPem, clock });
    const operator = createOperator({
      ring: material.ring,
      transport,
      clock,
      randomBytes: cryptoRandomBytes,
      verifier: nodeVerifier,
      tokenFor,
    });
    const jws = await signStream(streamOf(material.ring), signerFromPem(material.operator.privateKeyPem));
    const { stream } = await operator.putStream(jws);
    return { material, processes: started, operator, stream, transport, tokenFor, close };
  } catch (error) {
    await close();
    throw error;
  }
}
