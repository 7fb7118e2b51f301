import { parseArgs } from 'node:util';
import type { PacketMaker } from '../../sensor-client/packet-maker.ts';
import { createElementPool } from '../../src/arithmetic/index.ts';
import { concat, toHex } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, systemClock } from '../../src/platform/index.ts';
import type { UploadRequest } from '../../src/protocol/index.ts';
import { operations, readingId } from '../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../src/ring/index.ts';
import { partitionOf, windowId } from '../../src/ring/index.ts';
import { encodeReading, split } from '../../src/sharing/index.ts';
import type { ProcessCluster } from '../reliability/cluster.ts';
import { startProcessCluster } from '../reliability/cluster.ts';
import { streamPayload } from '../support/development-stream.ts';
import { freshSensor, packetsFor } from '../support/fixed-sensor.ts';
import { inFlight } from './in-flight.ts';

const HELP = `tsx test/bench/durable-rows.ts [--rows N] [--json]

Share rows that one node acknowledges in a second, each synced to its disk before its answer, with one copy
(r = 1): the node is a process of its own, the requests are made before the clock starts.

  --rows N  rows of one measurement (default 100000)
  --json    one JSON array on standard output instead of text`;

const ROWS_MAX = 1_000_000;
/** Rows of one request, and requests under way. */
const SHAPES: readonly (readonly [rows: number, requests: number])[] = [
  [1, 64],
  [16, 64],
  [64, 16],
  [64, 64],
  [256, 16],
  [1_024, 16],
];
/** A request of one row costs as much as one of many, so fewer of them take as long. */
const LONE_SHARE = 20;
const TIMEOUT_MS = 60_000;
const DAY_MS = 86_400_000;

export interface DurableRows {
  readonly rowsPerRequest: number;
  readonly inFlight: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** Processor time of the node per row, microseconds. */
  readonly cpuMicrosPerRow: number;
}

/** Measures one shape of load on one node. */
async function measure(
  cluster: ProcessCluster,
  node: NodeId,
  rows: number,
  [rowsPerRequest, requests]: readonly [number, number],
): Promise<DurableRows> {
  const window = await openWindow(cluster);
  const count = Math.ceil(rows / (rowsPerRequest === 1 ? LONE_SHARE : 1) / rowsPerRequest);
  const packets = packetsFor(cluster.material.ring, cluster.stream);
  const bodies: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    bodies.push(
      operations.UPLOAD.request.encode(await uploadRequest(cluster, packets, node, window, rowsPerRequest)),
    );
  }
  const { method, path } = operations.UPLOAD;
  const contentType = operations.UPLOAD.request.contentType;
  const cpuBefore = await cluster.processes.cpuMicros(node);
  const begun = performance.now();
  await inFlight(count, requests, async (index) => {
    const body = bodies[index] ?? new Uint8Array(0);
    const answer = await cluster.transport.send(
      node,
      { method, path, body, contentType },
      { timeoutMs: TIMEOUT_MS },
    );
    if (answer.status !== 200) throw new Error(`expected every request to be taken, got ${answer.status}`);
    const stored = operations.UPLOAD.response.decode(answer.body).packets;
    if (stored.length !== 1 || stored.some(({ answer }) => answer !== 'STORED')) {
      throw new Error('expected every row to be stored');
    }
  });
  const seconds = (performance.now() - begun) / 1_000;
  const cpuMicros = (await cluster.processes.cpuMicros(node)) - cpuBefore;
  const sent = count * rowsPerRequest;
  return {
    rowsPerRequest,
    inFlight: requests,
    rows: sent,
    rowsPerSecond: Math.round(sent / seconds),
    cpuMicrosPerRow: Number((cpuMicros / sent).toFixed(1)),
  };
}

async function openWindow({ operator, stream }: ProcessCluster): Promise<WindowId> {
  const window = windowId(systemClock().now());
  await operator.openWindow(stream, { window, notBefore: window, latest: window + DAY_MS });
  return window;
}

const pool = createElementPool(cryptoRandomBytes);
/** One alone would meet a node's limit for a sensor. */
const SENSORS = 16;
const sensors = Array.from({ length: SENSORS }, freshSensor);

/** First shares of so many readings, all in one partition, as a flush of the SDK has them. */
async function uploadRequest(
  { material, stream }: ProcessCluster,
  packets: PacketMaker,
  node: NodeId,
  window: WindowId,
  rows: number,
): Promise<UploadRequest> {
  const place = cryptoRandomBytes(2);
  const partition = partitionOf(place);
  const sensor = sensors[partition % SENSORS] ?? freshSensor();
  const vector = encodeReading(stream, '21.5');
  const readings = Array.from({ length: rows }, () => {
    const id = cryptoRandomBytes(16);
    id.set(place);
    return { readingId: readingId(id), count: 1 };
  });
  const { epoch } = material.ring;
  const context = { epoch, placementEpoch: epoch, stream: stream.hash, window, group: 0 };
  const shares = Array.from({ length: rows }, () => {
    const [share = new Uint8Array(0)] = split(vector, stream.domains.length, pool);
    return share;
  });
  return {
    context,
    partition,
    index: 0,
    packets: [await packets.shares(sensor, node, context, 0, readings, concat(...shares))],
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '100000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const rows = Number(values.rows);
  if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX) {
    throw new RangeError(`expected --rows from 1 to ${ROWS_MAX}, got ${values.rows}`);
  }
  const violations: string[] = [];
  const nonce = toHex(cryptoRandomBytes(16));
  const cluster = await startProcessCluster({
    domains: 2,
    nodesPerDomain: 1,
    replicas: 1,
    acceptors: 1,
    streamOf: (ring) => ({ ...streamPayload(ring), nonce }),
    violation: (text) => violations.push(text),
  });
  try {
    const [node] = cluster.processes.nodes;
    if (node === undefined) throw new Error('expected a node');
    const figures: DurableRows[] = [];
    await measure(cluster, node.id, rows / 4, [64, 16]);
    for (const shape of SHAPES) figures.push(await measure(cluster, node.id, rows, shape));
    console.log(values.json ? JSON.stringify(figures, null, 2) : textOf(figures));
  } finally {
    await cluster.close();
  }
  for (const violation of violations) console.error(violation);
  return violations.length === 0 ? 0 : 1;
}

function textOf(figures: readonly DurableRows[]): string {
  return figures
    .map(
      (one) =>
        `${one.rowsPerRequest} rows in a request, ${one.inFlight} requests in flight: ${one.rowsPerSecond.toLocaleString('en-US')} durable rows per second, ${one.cpuMicrosPerRow} µs of the node's processors per row`,
    )
    .join('\n');
}

process.exitCode = await main();
