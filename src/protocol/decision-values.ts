import { compareBytes, EngineError, invariant } from '../foundation/index.ts';
import type { Partition } from '../ring/identifiers.ts';
import { domainId, epoch, PARTITIONS, partition, windowId } from '../ring/identifiers.ts';
import { WIRE_VERSION } from './codec.ts';
import { entryKey } from './flag-key.ts';
import { entryLayout } from './flag-messages.ts';
import type { Layout, Value } from './layout.ts';
import {
  decodeVersioned,
  encodeVersioned,
  fixedBytes,
  list,
  oneOf,
  record,
  refined,
  sizedBytes,
  streamHashLayout,
  text,
  u8,
  u16,
  u32,
  u64,
} from './layout.ts';
import { ELEMENTS_MAX, EXCLUDED_MAX } from './limits.ts';
import type { SetDigest } from './set-hash.ts';

export const digestLayout: Layout<SetDigest> = record({
  count: u32,
  readings: u64,
  hash: fixedBytes(32),
});
export interface PartitionDigest {
  readonly partition: Partition;
  readonly digest: SetDigest;
}
/** Bytes of a partition, a count of flags, one of readings, and a hash. */
const PARTITION_DIGEST_BYTES = 2 + 4 + 8 + 32;
const WORD = 2 ** 32;

/**
 * `list(record({ partition: partitionLayout, digest: digestLayout }), PARTITIONS)` in one pass over its bytes: a window
 * has hundreds of partitions, and is sealed so seldom that a call for every field of them is never compiled.
 */
export const partitionDigests: Layout<readonly PartitionDigest[]> = {
  write(values, to) {
    invariant(
      values.length <= PARTITIONS,
      `expected at most ${PARTITIONS} items to write, got ${values.length}`,
    );
    to.integer(values.length, 4);
    const bytes = new Uint8Array(PARTITION_DIGEST_BYTES * values.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { partition: named, digest } of values) {
      const { count, readings, hash } = digest;
      invariant(count >>> 0 === count, 'expected a count of four bytes to write');
      invariant(Number.isSafeInteger(readings) && readings >= 0, 'expected a non-negative safe integer');
      invariant(hash.length === 32, `expected 32 bytes to write, got ${hash.length}`);
      view.setUint16(at, named);
      view.setUint32(at + 2, count);
      view.setUint32(at + 6, readings / WORD);
      view.setUint32(at + 10, readings);
      bytes.set(hash, at + 14);
      at += PARTITION_DIGEST_BYTES;
    }
    to.put(bytes);
  },
  read(from) {
    const length = from.integer(4);
    if (length > PARTITIONS) throw malformed(`at most ${PARTITIONS} items, got ${length}`);
    const bytes = from.take(PARTITION_DIGEST_BYTES * length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values: PartitionDigest[] = [];
    for (let at = 0; at < bytes.length; at += PARTITION_DIGEST_BYTES) {
      const readings = WORD * view.getUint32(at + 6) + view.getUint32(at + 10);
      if (readings > Number.MAX_SAFE_INTEGER) throw malformed('an integer below 2^53');
      const digest = { count: view.getUint32(at + 2), readings, hash: bytes.subarray(at + 14, at + 46) };
      values.push({ partition: partition(view.getUint16(at)), digest });
    }
    return values;
  },
};

/** The decisions of a window: three slots of its register, and each domain's ledger entry. */
export type DecisionName = 'terms' | 'settlement' | 'exclusion' | 'release';

/** Slot 0 of the window register: the terms under which the window is open. */
const windowTerms = record({ setHashKey: fixedBytes(32), notBefore: u64, latest: u64 });
export type WindowTerms = Value<typeof windowTerms>;

/** Slot 1: the set T of TRUE flags per non-empty partition, in partition order, and what their digests add up to. */
const settlement = refined(
  record({ placementEpoch: refined(u32, epoch), partitions: partitionDigests, flags: u32, readings: u64 }),
  checkedSettlement,
);
export type Settlement = Value<typeof settlement>;

/** A partition that is named twice would be added twice by every domain, and count, bounds and variance would agree. */
function checkedSettlement<T extends SettlementParts>(value: T): T {
  let flags = 0;
  let readings = 0;
  let before = -1;
  for (const { partition, digest } of value.partitions) {
    if (partition <= before) throw malformed('the partitions of a settlement in order, each once');
    if (digest.count < 1 || digest.readings < digest.count) {
      throw malformed('flags in every partition of a settlement, and a reading for each');
    }
    before = partition;
    flags += digest.count;
    readings += digest.readings;
  }
  if (flags === value.flags && readings === value.readings) return value;
  throw malformed('as many flags and readings as the partitions of a settlement have');
}

type SettlementParts = Readonly<{
  partitions: readonly PartitionDigest[];
  flags: number;
  readings: number;
}>;

/** Slot 2: the flags of T that are added nowhere, sorted by entry key; `readings` is what the counts of T minus X add up to. */
const exclusion = record({
  settlement: fixedBytes(32),
  excluded: refined(list(entryLayout, EXCLUDED_MAX), (entries) => {
    const keys = entries.map(entryKey);
    // One that stands twice would be taken out of the sum twice.
    const ascending = keys.every((key, i) => i === 0 || compareBytes(keys[i - 1] ?? key, key) < 0);
    if (ascending) return entries;
    throw malformed('the flags of an exclusion in order, each once');
  }),
  readings: u64,
});
export type Exclusion = Value<typeof exclusion>;

/**
 * One domain's released row: the same bytes for ever, whichever node answers, so nothing in it names a time,
 * a node or a signature. `elements` is the aggregate share; empty where the domain withholds.
 */
const releasedRow = record({
  stream: streamHashLayout,
  window: refined(u64, windowId),
  group: u16,
  domain: refined(text(31), domainId),
  index: u8,
  settled: fixedBytes(32),
  /** Of T minus X. */
  readings: u64,
  /** Of T. */
  committed: u64,
  /** Of T minus X. */
  flags: u32,
  /** Flags of X. */
  excluded: u32,
  verdict: oneOf('RELEASED', 'WITHHELD'),
  reason: text(200),
  elements: sizedBytes(16 * ELEMENTS_MAX),
});
export type ReleasedRow = Value<typeof releasedRow>;

/** Canonical bytes of a register or ledger value and back. */
export interface ValueCodec<T> {
  encode(value: T): Uint8Array;
  /** @throws EngineError `MALFORMED_BODY` where the bytes are no such value, or one that breaks its own rules */
  decode(bytes: Uint8Array): T;
}

function valueCodec<T>(layout: Layout<T>): ValueCodec<T> {
  return {
    encode: (value) => encodeVersioned(layout, WIRE_VERSION, value),
    decode: (bytes) => decodeVersioned(layout, WIRE_VERSION, bytes),
  };
}
export const windowTermsCodec: ValueCodec<WindowTerms> = valueCodec(windowTerms);
export const settlementCodec: ValueCodec<Settlement> = valueCodec(settlement);
export const exclusionCodec: ValueCodec<Exclusion> = valueCodec(exclusion);
export const releasedRowCodec: ValueCodec<ReleasedRow> = valueCodec(releasedRow);

/** What each decision is about. */
export const DECISION_CODECS = {
  terms: windowTermsCodec,
  settlement: settlementCodec,
  exclusion: exclusionCodec,
  release: releasedRowCodec,
} as const satisfies Record<DecisionName, ValueCodec<unknown>>;

function malformed(expected: string): EngineError {
  return new EngineError('MALFORMED_BODY', `expected ${expected}`);
}
