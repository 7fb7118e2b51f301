import { createSensor } from '../../sensor-client/index.ts';
import type { SensorOptions } from '../../sensor-client/sensor.ts';
import { createElementPool, decodeElements, fieldElement } from '../../src/arithmetic/index.ts';
import { fromBase64Url } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../src/platform/index.ts';
import type {
  Audience,
  MessageContext,
  Operation,
  ReleasedRow,
  UploadRequest,
} from '../../src/protocol/index.ts';
import { operations, releasedRowCodec } from '../../src/protocol/index.ts';
import type { NodeId, Partition, WindowId } from '../../src/ring/index.ts';
import { split } from '../../src/sharing/index.ts';
import { testVerifier } from '../support/development-ring.ts';
import type { RawReading } from '../support/raw-reading.ts';
import { bundleOf } from '../support/sensor-scene.ts';
import { type SmallCloud, type SmallCloudOptions, startSmallCloud } from '../support/small-cloud.ts';

/** A stream whose gate holds: what the operator of a curious kind has to work with. */
export const PRIVATE = { publicData: false, minSensors: 10 } as const;
/** Enough votes and copies for attacks on more than one node of a domain. */
export const TWO_EACH = { nodes: [2, 2, 2], replicas: 2, acceptors: 3 } as const;

/** Runs a cloud for one attack, and stops it whatever happens. */
export async function against<T>(
  options: SmallCloudOptions,
  attack: (cloud: SmallCloud) => Promise<T>,
): Promise<T> {
  const cloud = await startSmallCloud(options);
  try {
    return await attack(cloud);
  } finally {
    await cloud.close();
  }
}

/** One reading of one new sensor each. */
export async function commitAll(
  cloud: SmallCloud,
  window: WindowId,
  readings: readonly string[],
  label?: number,
): Promise<readonly RawReading[]> {
  const made = readings.map((reading) =>
    cloud.reading(window, reading, label === undefined ? {} : { label }),
  );
  for (const reading of made) await reading.commit();
  return made;
}

export const numbers = (count: number, first = 0): readonly string[] =>
  Array.from({ length: count }, (_, i) => String(first + i));

/** The row a domain gives away, asked as the operator asks. */
export async function rowOf(
  cloud: SmallCloud,
  node: NodeId,
  window: WindowId,
  group = 0,
): Promise<ReleasedRow> {
  const question = { stream: cloud.stream.hash, window, group };
  const answer = await cloud.clock.until(cloud.order(node, operations.COMPUTE, question));
  if (answer.status !== 'ROW') throw new Error(`expected a row, got ${answer.reason}`);
  return releasedRowCodec.decode(fromBase64Url(answer.row));
}

export const contextOf = (cloud: SmallCloud, window: WindowId): MessageContext =>
  cloud.reading(window, '1').flagsRequest.context;

/** The opened shares a node holds of one partition, as it reads them itself. */
export async function sharesAt(cloud: SmallCloud, node: NodeId, window: WindowId, partition: Partition) {
  const page = { context: contextOf(cloud, window), partition, after: null };
  const { rows } = await cloud.askAs(node, node, operations.ROWS, page);
  return rows.map(({ entry, share }) => ({ entry, share, elements: decodeElements(share) }));
}

/** What a sensor uploads that shares any vector of integers in place of its reading's. */
export async function uploadVector(
  cloud: SmallCloud,
  window: WindowId,
  vector: readonly bigint[],
): Promise<RawReading> {
  const reading = cloud.reading(window, '0');
  const shares = split(
    vector.map(fieldElement),
    cloud.stream.domains.length,
    createElementPool(cryptoRandomBytes),
  );
  const receipts: Uint8Array[] = [];
  for (const [index, share] of shares.entries()) {
    const request: UploadRequest = await reading.uploadRequest(index, {
      rows: [{ entry: reading.entry, share }],
    });
    const { packets } = await cloud.ask(reading.owner(index), operations.UPLOAD, request);
    for (const { receipt } of packets) if (receipt !== null) receipts.push(receipt);
  }
  const set = await reading.setRequest({ receipts });
  const { outcomes } = await cloud.ask(reading.acceptor, operations.SET, set);
  if (outcomes[0] !== 'TRUE') throw new Error(`expected TRUE, got ${outcomes[0]}`);
  return reading;
}

/** Operations that are made from shares, or only for nodes. */
export const operationsFor = (...audiences: readonly Audience[]) =>
  Object.values<Pick<Operation<never, never>, 'audience' | 'method' | 'path'>>(operations).filter(
    ({ audience }) => audiences.includes(audience),
  );

/** The SDK over the cloud's network. */
export function sensorOn(
  cloud: SmallCloud,
  change: Partial<SensorOptions> = {},
  transport = cloud.transport,
) {
  const { clock, stream, ring } = cloud;
  return createSensor(
    { bundle: bundleOf(ring), stream: stream.hash, policy: { allowDevelopment: true }, ...change },
    {
      clock,
      randomBytes: cryptoRandomBytes,
      verifier: testVerifier,
      sealing: nodeSealing,
      connect: () => transport,
    },
  );
}
