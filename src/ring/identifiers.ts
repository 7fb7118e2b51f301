import type { Brand } from '../foundation/index.ts';
import { EngineError, fromHex, toHex } from '../foundation/index.ts';

/** Short name of a trust domain, unique in the ring; part of ring positions, so it never changes. */
export type DomainId = Brand<string, 'DomainId'>;
/** Short name of a node, unique in the whole ring. */
export type NodeId = Brand<string, 'NodeId'>;
/** Number of a ring document; never a span of time. */
export type Epoch = Brand<number, 'Epoch'>;
/** 32 lower-case hex digits that name one disk's contents; a lost or doubted store never votes under it again. */
export type StoreId = Brand<string, 'StoreId'>;
/** First 10 bits of a reading id: 0 to 1,023, the unit of placement, sealing, digests and repair. */
export type Partition = Brand<number, 'Partition'>;
/** 64 lower-case hex digits: SHA-256 over the exact signed bytes of a stream document. */
export type StreamHash = Brand<string, 'StreamHash'>;
/** Start of a window in Unix milliseconds, also for manual windows. */
export type WindowId = Brand<number, 'WindowId'>;

export const PARTITION_BITS = 10;
export const PARTITIONS = 2 ** PARTITION_BITS;

const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** @throws EngineError `SCHEMA_MISMATCH` */
export function domainId(text: string): DomainId {
  if (!NAME.test(text)) throw mismatch('a domain id', '1 to 31 of a-z, 0-9 and -, a letter first', text);
  return text as DomainId;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function nodeId(text: string): NodeId {
  if (!NAME.test(text)) throw mismatch('a node id', '1 to 31 of a-z, 0-9 and -, a letter first', text);
  return text as NodeId;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function epoch(value: number): Epoch {
  if (!Number.isSafeInteger(value) || value < 1)
    throw mismatch('an epoch', 'a whole number from 1', String(value));
  return value as Epoch;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function storeId(text: string): StoreId {
  if (!/^[0-9a-f]{32}$/.test(text)) throw mismatch('a store id', '32 lower-case hex digits', text);
  return text as StoreId;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function streamHash(text: string): StreamHash {
  if (!/^[0-9a-f]{64}$/.test(text)) throw mismatch('a stream hash', '64 lower-case hex digits', text);
  return text as StreamHash;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function windowId(startMs: number): WindowId {
  if (!Number.isSafeInteger(startMs) || startMs < 0) {
    throw mismatch('a window id', 'its start in Unix milliseconds', String(startMs));
  }
  return startMs as WindowId;
}

/** @throws EngineError `SCHEMA_MISMATCH` */
export function partition(value: number): Partition {
  if (!Number.isInteger(value) || value < 0 || value >= PARTITIONS) {
    throw mismatch('a partition', `a whole number from 0 to ${PARTITIONS - 1}`, String(value));
  }
  return value as Partition;
}

/** The partition of a 16-byte reading id: its first 10 bits. */
export function partitionOf(readingId: Uint8Array): Partition {
  return partition(((readingId[0] ?? 0) << 2) | ((readingId[1] ?? 0) >> 6));
}

export function streamHashBytes(hash: StreamHash): Uint8Array {
  return fromHex(hash);
}

export function streamHashFromBytes(bytes: Uint8Array): StreamHash {
  return streamHash(toHex(bytes));
}

function mismatch(what: string, expected: string, got: string): EngineError {
  return new EngineError(
    'SCHEMA_MISMATCH',
    `expected ${what}: ${expected}; got ${JSON.stringify(got.slice(0, 80))}`,
  );
}
