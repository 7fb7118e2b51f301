import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atExit } from '../../operator-cli/at-exit.ts';
import type { ClusterMaterial, NodeMaterial } from '../../operator-cli/cluster/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { processCpuMicros } from '../support/process-cpu.ts';

/** Time a node may need from its start to its readiness, ms; beyond it the run calls it a hang. */
const READY_MS_MAX = 300_000;
const READY_POLL_MS = 50;
const PROBE_MS_MAX = 2_000;
/** Lines of each node's log that are kept to explain a failure. */
const LOG_LINES_MAX = 40;

export interface NodeProcessesOptions {
  readonly material: ClusterMaterial;
  /** Folder that `writeCluster` wrote. */
  readonly folder: string;
  /** Compiled `node/main.js`. */
  readonly program: string;
  /** To the public ports. */
  readonly transport: Transport;
  /** Told of everything that must not happen: a node that ends by itself or does not become ready. */
  readonly violation: (text: string) => void;
}

/** The nodes of a cluster as processes of the operating system. Only these are ever signalled. */
export interface NodeProcesses {
  readonly nodes: readonly NodeMaterial[];
  /** Starts the process; says nothing about when it serves. */
  start(nodeId: string): void;
  /** Waits until the node calls itself ready, or has ended by itself. */
  ready(nodeId: string): Promise<void>;
  /** SIGKILL: the process gets no chance to write anything more. */
  kill(nodeId: string): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(nodeId: string): void;
  resume(nodeId: string): void;
  /** Processor time of the process so far, all its threads, microseconds; Linux only, else 0. */
  cpuMicros(nodeId: string): Promise<number>;
  /** Numbers of the processes that run. */
  pids(): readonly number[];
  close(): Promise<void>;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** The node has written a line; its first is about a port that it has opened. */
  spoke: boolean;
  killed: boolean;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

export function createNodeProcesses(options: NodeProcessesOptions): NodeProcesses {
  const { material, folder, program, transport, violation } = options;
  const clock = systemClock();
  const nodes = material.domains.flatMap((domain) => domain.nodes);
  const running = new Map<string, Running>();
  const logs = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  const killAll = () => {
    for (const { child } of running.values()) child.kill('SIGKILL');
  };
  const stay = atExit(killAll);

  function materialOf(nodeId: string): NodeMaterial {
    const node = nodes.find(({ id }) => id === nodeId);
    if (node === undefined) throw new Error(`expected a node of the cluster, got ${nodeId}`);
    return node;
  }

  function keepLog(nodeId: string, chunk: unknown): void {
    const lines = logs.get(nodeId);
    lines?.push(...String(chunk).trimEnd().split('\n'));
    lines?.splice(0, lines.length - LOG_LINES_MAX);
  }

  /** Of a node that was killed nothing is running. */
  const endedByItself = (nodeId: string): boolean => {
    const child = running.get(nodeId)?.child;
    return child !== undefined && hasEnded(child);
  };

  async function answersReady(nodeId: string): Promise<boolean> {
    // Asked before it listens, a node would only be kept from its start by who asks.
    if (running.get(nodeId)?.spoke !== true) return false;
    const request = { method: 'GET', path: '/readyz', body: new Uint8Array(0), contentType: '' } as const;
    try {
      const answer = await transport.send(nodeId, request, { timeoutMs: PROBE_MS_MAX });
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  const processes: NodeProcesses = {
    nodes,
    start(nodeId) {
      const { domain, id } = materialOf(nodeId);
      const config = join(folder, domain, id, 'node.json');
      const child = spawn(process.execPath, [program, '--config', config], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production' },
      });
      const one: Running = { child, exited: once(child, 'exit'), spoke: false, killed: false };
      running.set(nodeId, one);
      child.stdout?.on('data', (chunk) => {
        one.spoke = true;
        keepLog(nodeId, chunk);
      });
      child.stderr?.on('data', (chunk) => keepLog(nodeId, chunk));
      child.once('exit', (code, signal) => {
        if (one.killed) return;
        const tail = (logs.get(nodeId) ?? []).slice(-5).join('\n    ');
        violation(`node ${nodeId} ended by itself with ${code ?? signal}:\n    ${tail}`);
      });
    },
    async ready(nodeId) {
      const deadline = clock.now() + READY_MS_MAX;
      while (!(await answersReady(nodeId))) {
        // Said already, as a violation.
        if (endedByItself(nodeId)) return;
        if (clock.now() > deadline) {
          violation(`node ${nodeId} is not ready ${READY_MS_MAX} ms after its start`);
          return;
        }
        await clock.sleep(READY_POLL_MS);
      }
    },
    async kill(nodeId) {
      const one = running.get(nodeId);
      if (one === undefined) return;
      one.killed = true;
      running.delete(nodeId);
      if (hasEnded(one.child)) return;
      one.child.kill('SIGKILL');
      await one.exited;
    },
    pause: (nodeId) => void running.get(nodeId)?.child.kill('SIGSTOP'),
    resume: (nodeId) => void running.get(nodeId)?.child.kill('SIGCONT'),
    cpuMicros: (nodeId) => processCpuMicros(running.get(nodeId)?.child.pid),
    pids: () => [...running.values()].flatMap(({ child }) => child.pid ?? []),
    async close() {
      await Promise.all([...running.keys()].map((nodeId) => processes.kill(nodeId)));
      stay();
    },
  };
  return processes;
}
