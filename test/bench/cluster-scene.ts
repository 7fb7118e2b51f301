import { startEmbeddedCluster } from '../../operator-cli/embedded/index.ts';
import type { ComputeOutcome, Operator } from '../../operator-cli/operator/index.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createSensor, type Sensor } from '../../sensor-client/index.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import type { StreamDocument, StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { RingDocument, SensorBundle, WindowId } from '../../src/ring/index.ts';
import { startProcessCluster } from '../reliability/cluster.ts';
import { streamPayload } from '../support/development-stream.ts';
import type { BatchScene } from './batch-scene.ts';
import { openBatchScene } from './batch-scene.ts';
import { isExactResult } from './exact-result.ts';
import type { GatedScene } from './gated-scene.ts';
import { openGatedScene } from './gated-scene.ts';
import type { ResidentSets } from './node-memory.ts';
import { residentSets } from './node-memory.ts';
import { createShareUploader, type ShareUploader } from './share-uploader.ts';
import { timed } from './stopwatch.ts';
import type { StreamWindows } from './stream-windows.ts';
import { createStreamWindows } from './stream-windows.ts';

/** No run leaves a flag open for so long that a node would turn it into ERROR, milliseconds. */
const FLAG_TIMEOUT_MS = 3_600_000;
/** A window takes the largest run and what of it is counted twice: a full one has uploads try until their deadline. */
const MAX_READINGS = 4_000_000;
/** Nodes are quiet when all of them together take less than this in this time; idle ones take a fifth of it. */
const QUIET_CPU_MICROS = 30_000;
const QUIET_MS = 200;
const QUIET_TURNS_MAX = 100;
/** Of the honest cluster. */
const DOMAINS = 3;
const REPLICAS = 2;
const ACCEPTORS = 3;

/** The honest cluster: 3 domains where no other number is asked for, 3 acceptors, 2 replicas, HTTPS on loopback, a Level store per node. */
export interface ClusterScene extends Pick<StreamWindows, 'openWindow'> {
  /** Three elements: count, x, x^2. */
  readonly stream: StreamDocument;
  /** The SDK. */
  readonly sensor: Sensor;
  /** The same uploads without flags. */
  readonly uploader: ShareUploader;
  /** Whether every node is a process of its own. */
  readonly processes: boolean;
  /** The first so many sensors of a fleet, each with connections of its own. */
  fleet(size: number): Promise<readonly Sensor[]>;
  /** The same of sensors that hand their readings to one node each. */
  relayedFleet(size: number): Promise<readonly Sensor[]>;
  /** A stream of batches in the same cluster, made when it is first asked for. */
  batches(seeds: boolean): Promise<BatchScene>;
  /** A stream of readings that are not public, made when it is first asked for. */
  gated(): Promise<GatedScene>;
  /**
   * Seals, computes, and says whether the result is the plain statistics of the readings.
   * @param of the stream of the window, where it is another one.
   */
  conclude(window: WindowId, readings: readonly string[], of?: StreamWindows): Promise<Conclusion>;
  /** Processor time of all nodes so far where they are processes of their own, else 0; microseconds. */
  nodeCpuMicros(): Promise<number>;
  /** Resident sets of all nodes when they are quiet; null where they are no processes of their own, or the system does not say. */
  nodeMemory(): Promise<ResidentSets | null>;
  close(): Promise<void>;
}

export interface Conclusion {
  readonly exact: boolean;
  /** Of all nodes, or of this process where the nodes are in it. */
  readonly cpuMicros: number;
}

export interface SceneOptions {
  /** 3 where it is not given. */
  readonly domains?: number;
  readonly nodesPerDomain: number;
  /** Whether every node is a process of its own; all in this process otherwise, for profiles and small tests. */
  readonly processes: boolean;
}

/** A running cluster, whichever way it was started. */
interface Running {
  readonly ring: RingDocument;
  readonly bundle: SensorBundle;
  readonly stream: StreamDocument;
  readonly operator: Operator;
  readonly operatorKeyPem: string;
  nodeCpuMicros(): Promise<number>;
  nodeMemory(): Promise<ResidentSets | null>;
  close(): Promise<void>;
}

const streamOf = (ring: RingDocument): StreamPayload => {
  return { ...streamPayload(ring), flagTimeoutMs: FLAG_TIMEOUT_MS, maxReadings: MAX_READINGS };
};

export async function openClusterScene(options: SceneOptions): Promise<ClusterScene> {
  const running = options.processes ? await startProcesses(options) : await startEmbedded(options);
  const { ring, bundle, stream, operator } = running;
  const clock = systemClock();
  const newSensor = (relay: boolean) =>
    createSensor({ bundle, stream: stream.hash, policy: { allowDevelopment: true }, relay });
  const sensors: Sensor[] = [await newSensor(false)];
  const relayed: Sensor[] = [];
  const uploader = createShareUploader({ ring, stream, clock });
  const windows = createStreamWindows(operator, stream, clock);
  const batches = new Map<boolean, Promise<BatchScene>>();
  let gated: Promise<GatedScene> | undefined;

  async function fleet(size: number): Promise<readonly Sensor[]> {
    while (sensors.length < size) sensors.push(await newSensor(false));
    return sensors.slice(0, size);
  }

  async function relayedFleet(size: number): Promise<readonly Sensor[]> {
    while (relayed.length < size) relayed.push(await newSensor(true));
    return relayed.slice(0, size);
  }

  return {
    stream,
    sensor: await firstOf(fleet(1)),
    uploader,
    processes: options.processes,
    fleet,
    relayedFleet,
    openWindow: windows.openWindow,
    batches(seeds) {
      const payload: StreamPayload = {
        ...streamOf(ring),
        name: seeds ? 'batches-of-seeds' : 'batches',
        countMode: 'batch',
        seeds,
      };
      const scene = batches.get(seeds) ?? openBatchScene({ ...running, payload });
      batches.set(seeds, scene);
      return scene;
    },
    gated() {
      gated ??= openGatedScene({ ...running, payload: streamOf(ring) });
      return gated;
    },
    async conclude(window, readings, of = windows) {
      await untilQuiet(running, clock);
      const before = await running.nodeCpuMicros();
      let outcome: ComputeOutcome | undefined;
      const here = await timed(async () => {
        outcome = await of.outcome(window);
      });
      // Before the plain statistics: nodes that wait for a million of them take some time too.
      const nodes = (await running.nodeCpuMicros()) - before;
      const exact = outcome !== undefined && isExactResult(outcome, readings);
      return { exact, cpuMicros: options.processes ? nodes : here.cpuMicros };
    },
    nodeCpuMicros: running.nodeCpuMicros,
    async nodeMemory() {
      await untilQuiet(running, clock);
      return running.nodeMemory();
    },
    async close() {
      const opened = await Promise.all([...batches.values(), ...(gated === undefined ? [] : [gated])]);
      await Promise.all([...sensors, ...relayed, uploader, ...opened].map((one) => one.close()));
      await running.close();
    },
  };
}

/** What LevelDB still does about an upload is not the seal's. */
async function untilQuiet({ nodeCpuMicros }: Running, clock: Clock): Promise<void> {
  const never = new AbortController().signal;
  for (let turn = 0; turn < QUIET_TURNS_MAX; turn++) {
    const before = await nodeCpuMicros();
    await clock.sleep(QUIET_MS, never);
    if ((await nodeCpuMicros()) - before < QUIET_CPU_MICROS) return;
  }
}

async function firstOf(sensors: Promise<readonly Sensor[]>): Promise<Sensor> {
  const [sensor] = await sensors;
  if (sensor === undefined) throw new Error('expected a sensor');
  return sensor;
}

async function startProcesses({ domains = DOMAINS, nodesPerDomain }: SceneOptions): Promise<Running> {
  const faults: string[] = [];
  const cluster = await startProcessCluster({
    domains,
    nodesPerDomain,
    replicas: REPLICAS,
    acceptors: ACCEPTORS,
    streamOf,
    violation: (text) => faults.push(text),
  });
  const { processes } = cluster;
  return {
    ring: cluster.material.ring,
    bundle: cluster.material.sensorBundle,
    stream: cluster.stream,
    operator: cluster.operator,
    operatorKeyPem: cluster.material.operator.privateKeyPem,
    async nodeCpuMicros() {
      if (faults.length > 0) throw new Error(faults.join('\n'));
      const times = await Promise.all(processes.nodes.map(({ id }) => processes.cpuMicros(id)));
      return times.reduce((sum, one) => sum + one, 0);
    },
    nodeMemory: async () => (process.platform === 'linux' ? residentSets(processes.pids()) : null),
    close: () => cluster.close(),
  };
}

async function startEmbedded({ domains = DOMAINS, nodesPerDomain }: SceneOptions): Promise<Running> {
  const clock = systemClock();
  const cluster = await startEmbeddedCluster({ domains, nodesPerDomain, clock, log: silentLog });
  const { ring, operator: key, sensorBundle: bundle } = cluster.material;
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem: key.privateKeyPem, clock }),
  });
  const { stream } = await operator.putStream(
    await signStream(streamOf(ring), signerFromPem(key.privateKeyPem)),
  );
  return {
    ring,
    bundle,
    stream,
    operator,
    operatorKeyPem: key.privateKeyPem,
    nodeCpuMicros: async () => 0,
    nodeMemory: async () => null,
    async close() {
      await transport.close();
      await cluster.close();
    },
  };
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
