import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../../src/foundation/index.ts';
import type { PartitionDigest, Settlement } from '../../../src/protocol/decision-values.ts';
import {
  digestLayout,
  exclusionCodec,
  partitionDigests,
  releasedRowCodec,
  settlementCodec,
  windowTermsCodec,
} from '../../../src/protocol/decision-values.ts';
import { partitionLayout } from '../../../src/protocol/flag-messages.ts';
import type { FlagEntry } from '../../../src/protocol/index.ts';
import { entryKey, entryName, readingId, sensorId } from '../../../src/protocol/index.ts';
import { decodeVersioned, encodeVersioned, list, record } from '../../../src/protocol/layout.ts';
import { epoch, partition, windowId } from '../../../src/ring/identifiers.ts';
import {
  anyBytes,
  anyDomain,
  anyEntry,
  anyEpoch,
  anyFixedBytes,
  anyPartition,
  anyReason,
  anyStream,
  anyU8,
  anyU16,
  anyU32,
  anyU64,
} from '../../support/any-message.ts';
import { describeBinaryCodec, refusal } from '../../support/codec-laws.ts';
import { fc, test } from '../../support/property.ts';
import { withheldRow } from '../../support/withheld-row.ts';

/** Partitions in order, each with fewer flags than readings. */
const anyPartitions: fc.Arbitrary<readonly PartitionDigest[]> = fc
  .uniqueArray(
    fc.record({
      partition: anyPartition,
      digest: fc
        .record({
          count: fc.integer({ min: 1, max: 1_000 }),
          more: fc.integer({ min: 0, max: 2 ** 40 }),
          hash: anyFixedBytes(32),
        })
        .map(({ count, more, hash }) => ({ count, readings: count + more, hash })),
    }),
    { selector: (one) => one.partition, maxLength: 6 },
  )
  .map((partitions) => partitions.toSorted((a, b) => a.partition - b.partition));

function settled(partitions: readonly PartitionDigest[], change: Partial<Settlement> = {}): Settlement {
  const flags = partitions.reduce((sum, { digest }) => sum + digest.count, 0);
  const readings = partitions.reduce((sum, { digest }) => sum + digest.readings, 0);
  return { placementEpoch: epoch(1), partitions, flags, readings, ...change };
}

const anyEntriesInOrder: fc.Arbitrary<readonly FlagEntry[]> = fc
  .uniqueArray(anyEntry, { selector: entryName, maxLength: 6 })
  .map((entries) => entries.toSorted((a, b) => compareBytes(entryKey(a), entryKey(b))));

describeBinaryCodec(
  'terms of a window',
  windowTermsCodec,
  fc.record({ setHashKey: anyFixedBytes(32), notBefore: anyU64, latest: anyU64 }),
);
describeBinaryCodec(
  'settlement',
  settlementCodec,
  fc
    .record({ placementEpoch: anyEpoch, partitions: anyPartitions })
    .map(({ partitions, placementEpoch }) => settled(partitions, { placementEpoch })),
);
describeBinaryCodec(
  'exclusion',
  exclusionCodec,
  fc.record({ settlement: anyFixedBytes(32), excluded: anyEntriesInOrder, readings: anyU64 }),
);
describeBinaryCodec(
  'released row',
  releasedRowCodec,
  fc.record({
    stream: anyStream,
    window: anyU64.map(windowId),
    group: anyU16,
    domain: anyDomain,
    index: anyU8,
    settled: anyFixedBytes(32),
    readings: anyU64,
    committed: anyU64,
    flags: anyU32,
    excluded: anyU32,
    verdict: fc.constantFrom('RELEASED', 'WITHHELD'),
    reason: anyReason,
    elements: anyBytes(64),
  }),
);

describe('the digests of partitions', () => {
  const plain = list(record({ partition: partitionLayout, digest: digestLayout }), 1_024);
  const anyDigests: fc.Arbitrary<readonly PartitionDigest[]> = fc.array(
    fc.record({
      partition: anyPartition,
      digest: fc.record({ count: anyU32, readings: anyU64, hash: anyFixedBytes(32) }),
    }),
    { maxLength: 6 },
  );
  const decode = (bytes: Uint8Array) => decodeVersioned(partitionDigests, 1, bytes);

  test.prop([anyDigests])('lie as their fields say one after another, and are read as these', (values) => {
    const bytes = encodeVersioned(partitionDigests, 1, values);
    expect(bytes).toEqual(encodeVersioned(plain, 1, values));
    expect(decode(bytes)).toEqual(decodeVersioned(plain, 1, bytes));
  });

  const one = { partition: partition(1_023), digest: { count: 1, readings: 1, hash: new Uint8Array(32) } };
  /** Behind the version and the number of partitions a partition, a count and the readings. */
  const changed = (at: number, ...to: readonly number[]): Uint8Array => {
    const bytes = encodeVersioned(plain, 1, [one]);
    bytes.set(to, at);
    return bytes;
  };
  it.each([
    ['a partition beyond the last one', changed(5, 4, 0), 'SCHEMA_MISMATCH'],
    ['more readings than a number counts', changed(11, 0, 0x20, 0, 0), 'MALFORMED_BODY'],
    ['fewer than are announced', changed(1, 0, 0, 0, 2), 'MALFORMED_BODY'],
    ['more than are announced', changed(1, 0, 0, 0, 0), 'MALFORMED_BODY'],
  ])('are refused with %s', (_, bytes, code) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeVersioned(plain, 1, bytes)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['a count of more than four bytes', { ...one.digest, count: 2 ** 32 }],
    ['a part of a reading', { ...one.digest, readings: 1.5 }],
    ['a hash of another length', { ...one.digest, hash: new Uint8Array(31) }],
  ])('are never written with %s', (_, digest) => {
    expect(() => encodeVersioned(partitionDigests, 1, [{ ...one, digest }])).toThrow('expected');
  });
});

describe('a settlement', () => {
  it('names each of 1,024 partitions once at most, and has no room for one more', () => {
    const digest = { count: 1, readings: 1, hash: new Uint8Array(32) };
    const value = {
      placementEpoch: epoch(1),
      partitions: Array.from({ length: 1_024 }, (_, i) => ({ partition: partition(i), digest })),
      flags: 1_024,
      readings: 1_024,
    };
    const bytes = settlementCodec.encode(value);
    expect(settlementCodec.decode(bytes).partitions).toHaveLength(1_024);
    // Version 1, placement epoch 4, then the number of partitions.
    bytes.set([0, 0, 4, 1], 5);
    expect(refusal(settlementCodec, bytes)).toBe('MALFORMED_BODY');
  });

  const digest = { count: 1, readings: 3, hash: new Uint8Array(32) };
  const [low, high] = [
    { partition: partition(2), digest },
    { partition: partition(7), digest },
  ];
  it.each([
    ['a partition twice, which every domain would add twice', settled([low, low])],
    ['partitions in another order', settled([high, low])],
    ['a partition without flags', settled([{ ...low, digest: { ...digest, count: 0 } }])],
    ['fewer readings than flags', settled([{ ...low, digest: { ...digest, readings: 0 } }])],
    ['another number of flags than its partitions have', settled([low, high], { flags: 3 })],
    ['another number of readings than its partitions have', settled([low, high], { readings: 7 })],
  ])('is refused with %s', (_, value) => {
    expect(refusal(settlementCodec, settlementCodec.encode(value))).toBe('MALFORMED_BODY');
  });
});

describe('an exclusion', () => {
  const entry = (first: number): FlagEntry => ({
    readingId: readingId(new Uint8Array(16).fill(first)),
    sensorId: sensorId(new Uint8Array(16)),
    count: 1,
  });
  it.each([
    ['a flag twice, which would be taken out of the sum twice', [entry(1), entry(1)]],
    ['flags in another order', [entry(2), entry(1)]],
  ])('is refused with %s', (_, excluded) => {
    const bytes = exclusionCodec.encode({ settlement: new Uint8Array(32), excluded, readings: 1 });
    expect(refusal(exclusionCodec, bytes)).toBe('MALFORMED_BODY');
  });
});

describe('a released row', () => {
  const row = withheldRow();
  const withDomain = (name: readonly number[]) => {
    const bytes = releasedRowCodec.encode(row);
    const at = 1 + 32 + 8 + 2;
    return Uint8Array.of(
      ...bytes.slice(0, at),
      0,
      0,
      0,
      name.length,
      ...name,
      ...bytes.slice(at + 4 + row.domain.length),
    );
  };

  it('is refused with a domain behind a byte order mark, which would be a second spelling of it', () => {
    const marked = withDomain([0xef, 0xbb, 0xbf, 0x61]);
    expect(refusal(releasedRowCodec, marked)).toBe('SCHEMA_MISMATCH');
    expect(releasedRowCodec.decode(withDomain([0x61])).domain).toBe('a');
  });

  it('is refused with a domain that is not UTF-8', () => {
    expect(refusal(releasedRowCodec, withDomain([0x61, 0xff]))).toBe('MALFORMED_TEXT');
  });
});
