import type { BatchScene } from '../batch-scene.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison, Sample } from '../comparison.ts';
import type { PlainEndpoint } from '../peers/plain-client.ts';
import { timed } from '../stopwatch.ts';
import { DEADLINE_MS } from '../upload-rate.ts';

export interface BatchRow {
  readonly name: string;
  readonly target: string;
  readonly seeds: boolean;
  readonly readings: number;
  /** Readings of a batch. */
  readonly batch: number;
  /** Batches under way. */
  readonly inFlight: number;
  /** The same of the plain endpoint. */
  readonly plainInFlight: number;
  /** Small batches of a warm-up, before a run of the size that is measured. */
  readonly warmUpRequests: number;
  /** How the plain endpoint keeps a batch. */
  readonly kept: 'each reading' | 'the body';
}

/** Readings and batches under way of a warm-up: the fewer, the more requests in a given time. */
const WARM_UP = { batch: 20, inFlight: 4 };
const DIFFERENCE = 'the plain endpoint keeps every reading readable, in one place, in one copy';

/** Readings per second of a gateway that sends batches. */
export function batchRow(scene: ClusterScene, plain: PlainEndpoint, row: BatchRow): Comparison {
  const texts = benchReadings(row.readings);
  const ours = async () => {
    const batches = await scene.batches(row.seeds);
    const window = await batches.openWindow();
    const before = await scene.nodeCpuMicros();
    const { wallMicros, cpuMicros } = await timed(() => upload(batches.gateway, texts, window, row));
    const nodeCpuMicros = (await scene.nodeCpuMicros()) - before;
    return {
      amount: (texts.length * 1e6) / wallMicros,
      cpuMicros: (cpuMicros + nodeCpuMicros) / texts.length,
      exact: await batches.isExact(window, texts),
    };
  };
  return {
    ...headOf(row),
    unit: 'readings per second',
    ours,
    warmUp: async () => {
      const batches = await scene.batches(row.seeds);
      const small = benchReadings(WARM_UP.batch * row.warmUpRequests);
      const window = await batches.openWindow();
      await upload(batches.gateway, small, window, WARM_UP);
      if (!(await batches.isExact(window, small))) return { amount: Number.NaN, exact: false };
      return ours();
    },
    peer: () => plain.uploadBatches(texts, { ...row, inFlight: row.plainInFlight }),
  };
}

/** Bytes on the wire for each reading between client and servers, both directions, TLS included. */
export function batchBytesRow(scene: ClusterScene, plain: PlainEndpoint, row: BatchRow): Comparison {
  const texts = benchReadings(row.readings);
  const head = headOf(row);
  return {
    ...head,
    note: `${head.note}; what nodes send each other is not counted`,
    unit: 'bytes on the wire per reading',
    ours: async (): Promise<Sample> => {
      const batches = await scene.batches(row.seeds);
      const window = await batches.openWindow();
      const before = batches.bytes();
      await upload(batches.counted, texts, window, row);
      const bytes = batches.bytes() - before;
      return { amount: bytes / texts.length, exact: await batches.isExact(window, texts) };
    },
    peer: async () => {
      const { bytes, exact } = await plain.uploadBatches(texts, {
        ...row,
        inFlight: row.plainInFlight,
        counted: true,
      });
      return { amount: bytes / texts.length, exact };
    },
  };
}

async function upload(
  gateway: BatchScene['gateway'],
  texts: readonly string[],
  window: number,
  { batch, inFlight }: Pick<BatchRow, 'batch' | 'inFlight'>,
): Promise<void> {
  const options = { window, batch, concurrency: inFlight, deadlineMs: DEADLINE_MS };
  const { failed } = await gateway.uploadMany(texts, options);
  if (failed > 0) throw new Error(`expected every batch to be committed, ${failed} readings were not`);
}

function headOf({ name, target, seeds, batch, inFlight, plainInFlight, kept }: BatchRow) {
  const shares = seeds ? 'all shares but one as seeds' : 'random shares';
  return {
    name,
    target,
    peerName: `plain Fastify + Level endpoint, JSON batches, ${kept} kept as one JSON record, https`,
    note: `batches of ${batch} under one flag, ${shares}, ${inFlight} under way, ${plainInFlight} at the plain endpoint; ${DIFFERENCE}`,
  };
}
