import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createFlagCalls } from '../../sensor-client/flag-calls.ts';
import { createElementPool } from '../../src/arithmetic/index.ts';
import { createUndiciTransport, cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { FlagEntry, MessageContext } from '../../src/protocol/index.ts';
import { readingId, sensorId } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import {
  createPlacement,
  type NodeId,
  type Partition,
  partitionOf,
  type RingDocument,
  type WindowId,
} from '../../src/ring/index.ts';
import { encodeReading, split } from '../../src/sharing/index.ts';

/** An acceptor that is too slow for its coordinator leaves a flag undecided; the next SET finds it done. */
const COMMIT_TRIES_MAX = 10;

/** The SDK's upload without its flags, for the benchmark only: what it stores is in no result until it is SET. */
export interface ShareUploader {
  /** UPLOADs every share of a reading to the node the SDK would choose. */
  upload(window: WindowId, reading: string, partition: Partition | undefined): Promise<FlagEntry>;
  /** SETs the flag, so that the sums can be checked; no part of what is measured. */
  commit(window: WindowId, entry: FlagEntry): Promise<void>;
  close(): Promise<void>;
}

export interface ShareUploaderOptions {
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly clock: Clock;
}

/** The SDK's own request batches and transport, so that only CREATE, SET and their round are missing. */
export function createShareUploader({ ring, stream, clock }: ShareUploaderOptions): ShareUploader {
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const request = <T>(work: (signal: AbortSignal) => Promise<T>) => work(new AbortController().signal);
  const calls = createFlagCalls({ transport, clock, request });
  const pool = createElementPool(cryptoRandomBytes);
  const placement = createPlacement(ring);
  const domains = stream.domains.map(({ id }) => id);
  const sensor = sensorId(cryptoRandomBytes(16));
  const contextOf = (window: WindowId): MessageContext => {
    return { epoch: ring.epoch, placementEpoch: ring.epoch, stream: stream.hash, window, group: 0 };
  };
  return {
    async upload(window, reading, partition) {
      const shares = split(encodeReading(stream, reading), domains.length, pool);
      const entry: FlagEntry = { readingId: drawReadingId(partition), sensorId: sensor, count: 1 };
      const at = partitionOf(entry.readingId);
      const rows = await Promise.all(
        domains.map((domain, index) => {
          const share = shares[index] ?? new Uint8Array(0);
          return calls.upload(firstOf(placement.owners(domain, at)), contextOf(window), index, {
            entry,
            share,
          });
        }),
      );
      if (rows.some((row) => row !== 'STORED')) throw new Error('expected every share to be stored');
      return entry;
    },
    async commit(window, entry) {
      const acceptor = firstOf(placement.acceptors(domains, partitionOf(entry.readingId)));
      for (let tries = 0; tries < COMMIT_TRIES_MAX; tries++) {
        const outcome = await calls.flag(acceptor, 'SET', contextOf(window), entry);
        if (outcome === 'TRUE') return;
      }
      throw new Error(`expected the flag to become TRUE within ${COMMIT_TRIES_MAX} tries`);
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
