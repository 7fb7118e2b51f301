import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createFlagCalls, type ReceivedParcel } from '../../sensor-client/flag-calls.ts';
import { createElementPool } from '../../src/arithmetic/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { MessageContext } from '../../src/protocol/index.ts';
import { readingId } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import {
  createPlacement,
  type NodeId,
  type Partition,
  partitionOf,
  type RingDocument,
  type WindowId,
} from '../../src/ring/index.ts';
import { encodeReading, encodeReadings, split, splitEncoded } from '../../src/sharing/index.ts';
import { freshSensor, packetsFor } from '../support/fixed-sensor.ts';
import { repeated } from './repeated.ts';

/** One alone would meet a node's limit for a sensor; those of one partition share a packet. */
const SENSORS = 16;

/** The SDK's upload without its flags, for the benchmark only: what it stores is in no result until it is SET. */
export interface ShareUploader {
  /** UPLOADs every share of a reading to the node the SDK would choose. */
  upload(window: WindowId, reading: string, partition: Partition | undefined): Promise<ReceivedParcel>;
  /** The same for the readings of a flush: one packet, one request to each domain. */
  uploadTogether(window: WindowId, readings: readonly string[]): Promise<ReceivedParcel>;
  /** SETs the flags, so that the sums can be checked; no part of what is measured. */
  commit(window: WindowId, flag: ReceivedParcel): Promise<void>;
  close(): Promise<void>;
}

export interface ShareUploaderOptions {
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly clock: Clock;
}

/** The SDK's own request batches and transport, so that only SET and its round are missing. */
export function createShareUploader({ ring, stream, clock }: ShareUploaderOptions): ShareUploader {
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const request = <T>(work: (signal: AbortSignal) => Promise<T>) => work(new AbortController().signal);
  const wait = <T>(work: () => Promise<T>) => work();
  const sensors = Array.from({ length: SENSORS }, freshSensor);
  const calls = createFlagCalls({ transport, clock, packets: packetsFor(ring, stream), request, wait });
  const pool = createElementPool(cryptoRandomBytes);
  const placement = createPlacement(ring);
  const domains = stream.domains.map(({ id }) => id);
  const contextOf = (window: WindowId): MessageContext => {
    return { epoch: ring.epoch, placementEpoch: ring.epoch, stream: stream.hash, window, group: 0 };
  };
  return {
    async upload(window, reading, partition) {
      const shares = split(encodeReading(stream, reading), domains.length, pool);
      const id = drawReadingId(partition);
      const at = partitionOf(id);
      const sensor = sensors[at % SENSORS] ?? freshSensor();
      const parcel = { sensor, readings: [{ readingId: id, count: 1 }], shares };
      const rows = await Promise.all(
        domains.map((domain, index) => {
          const owner = firstOf(placement.owners(domain, at));
          return repeated(() => calls.upload({ node: owner, context: contextOf(window) }, index, parcel));
        }),
      );
      const receipts = rows.flatMap((row) => (row.answer === 'STORED' ? [row.receipt] : []));
      if (receipts.length < domains.length) throw new Error('expected every share to be stored');
      return { parcel, receipts };
    },
    async uploadTogether(window, readings) {
      const at = partitionOf(cryptoRandomBytes(2));
      const shares = splitEncoded(encodeReadings(stream, readings), domains.length, pool);
      const sensor = sensors[at % SENSORS] ?? freshSensor();
      const parcel = {
        sensor,
        readings: readings.map(() => ({ readingId: drawReadingId(at), count: 1 })),
        shares,
      };
      const receipts = await Promise.all(
        domains.map((domain, index) => {
          const to = { node: firstOf(placement.owners(domain, at)), context: contextOf(window) };
          return repeated(() => calls.uploadAll(to, index, [parcel]));
        }),
      );
      const given = receipts.flatMap(([receipt]) => receipt ?? []);
      if (given.length < domains.length) throw new Error('expected every share to be stored');
      return { parcel, receipts: given };
    },
    async commit(window, flag) {
      const [reading] = flag.parcel.readings;
      if (reading === undefined) throw new Error('expected a reading');
      const acceptors = placement.acceptors(domains, partitionOf(reading.readingId));
      const voted = acceptors.map((node) =>
        repeated(() => calls.acceptAll({ node, context: contextOf(window) }, acceptors, [flag])),
      );
      for (const [others] of await Promise.all(voted)) {
        if (others?.length !== 0) throw new Error('expected the votes of all acceptors');
      }
    },
    close: () => transport.close(),
  };
}

function drawReadingId(partition: Partition | undefined) {
  const bytes = cryptoRandomBytes(16);
  if (partition !== undefined) {
    bytes[0] = partition >> 2;
    bytes[1] = ((partition & 3) << 6) | ((bytes[1] ?? 0) & 63);
  }
  return readingId(bytes);
}

function firstOf(nodes: readonly NodeId[]): NodeId {
  const [node] = nodes;
  if (node === undefined) throw new Error('expected a partition to have nodes');
  return node;
}
