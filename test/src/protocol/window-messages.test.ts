import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sensorId } from '../../../src/protocol/index.ts';
import {
  announceRequestCodec,
  compareRequestCodec,
  compareResponseCodec,
  exclusionCodec,
  freezeReportCodec,
  freezeRequestCodec,
  frozenListCodec,
  frozenListRequestCodec,
  gatherRequestCodec,
  heldRequestCodec,
  heldResponseCodec,
  inventoryCodec,
  inventoryRequestCodec,
  keepListRequestCodec,
  keptCodec,
  readListCodec,
  readListRequestCodec,
  readyRequestCodec,
  readyResponseCodec,
  releasedRowCodec,
  rowsRequestCodec,
  rowsResponseCodec,
  sensorsRequestCodec,
  sensorsResponseCodec,
  settlementCodec,
  sumRequestCodec,
  sumResponseCodec,
  synodRequestCodec,
  synodResponseCodec,
  windowTermsCodec,
} from '../../../src/protocol/window-messages.ts';
import { domainId, epoch, partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import {
  anyBallot,
  anyBytes,
  anyContext,
  anyDigest,
  anyDomain,
  anyEntry,
  anyEpoch,
  anyFixedBytes,
  anyFlagValue,
  anyHex,
  anyListOf,
  anyPartition,
  anyPartitionDigests,
  anyReason,
  anyStream,
  anySynodKind,
  anyU8,
  anyU16,
  anyU32,
  anyU64,
  optionally,
} from '../../support/any-message.ts';
import { describeBinaryCodec, refusal } from '../../support/codec-laws.ts';

const context = anyContext;
const entries = anyListOf(anyEntry);

describeBinaryCodec(
  'terms of a window',
  windowTermsCodec,
  fc.record({ setHashKey: anyFixedBytes(32), notBefore: anyU64, latest: anyU64 }),
);
describeBinaryCodec(
  'settlement',
  settlementCodec,
  fc.record({ placementEpoch: anyEpoch, partitions: anyPartitionDigests, flags: anyU32, readings: anyU64 }),
);
describeBinaryCodec(
  'exclusion',
  exclusionCodec,
  fc.record({ settlement: anyFixedBytes(32), excluded: entries, readings: anyU64 }),
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
describeBinaryCodec(
  'SYNOD and LEDGER request',
  synodRequestCodec,
  fc.record({
    context,
    decision: fc.constantFrom('terms', 'settlement', 'exclusion', 'release'),
    kind: anySynodKind,
    ballot: anyBallot,
    value: optionally(anyBytes(64)),
  }),
);
describeBinaryCodec(
  'SYNOD and LEDGER answer',
  synodResponseCodec,
  fc.record({
    granted: fc.boolean(),
    promised: anyBallot,
    accepted: optionally(fc.record({ ballot: anyBallot, value: anyBytes(64) })),
  }),
);
describeBinaryCodec('FREEZE request', freezeRequestCodec, fc.record({ context }));
describeBinaryCodec(
  'FREEZE report',
  freezeReportCodec,
  fc.record({ storeId: anyHex(16), commitSeq: anyU64, partitions: anyPartitionDigests }),
);
describeBinaryCodec(
  'FROZEN_LIST request',
  frozenListRequestCodec,
  fc.record({ context, partition: anyPartition, after: optionally(anyEntry) }),
);
describeBinaryCodec(
  'FROZEN_LIST answer',
  frozenListCodec,
  fc.record({
    flags: anyListOf(fc.record({ entry: anyEntry, ballot: anyBallot, value: anyFlagValue })),
    more: fc.boolean(),
  }),
);
describeBinaryCodec(
  'KEEP_LIST request',
  keepListRequestCodec,
  fc.record({ context, partition: anyPartition, digest: anyDigest, entries, last: fc.boolean() }),
);
describeBinaryCodec('KEEP_LIST and ANNOUNCE answer', keptCodec, fc.record({ kept: fc.boolean() }));
describeBinaryCodec(
  'READ_LIST request',
  readListRequestCodec,
  fc.record({ context, partition: anyPartition, digest: anyDigest, after: optionally(anyEntry) }),
);
describeBinaryCodec(
  'READ_LIST answer',
  readListCodec,
  fc.record({ known: fc.boolean(), entries, more: fc.boolean() }),
);
describeBinaryCodec('ANNOUNCE request', announceRequestCodec, fc.record({ context }));
describeBinaryCodec(
  'READY request',
  readyRequestCodec,
  fc.record({ context, settlement: anyFixedBytes(32) }),
);
describeBinaryCodec(
  'READY answer',
  readyResponseCodec,
  fc.record({ ready: fc.boolean(), reason: anyReason, missing: entries }),
);
describeBinaryCodec(
  'HELD request',
  heldRequestCodec,
  fc.record({ context, partitions: anyPartitionDigests }),
);
describeBinaryCodec(
  'HELD answer',
  heldResponseCodec,
  fc.record({ partitions: anyListOf(fc.record({ partition: anyPartition, missing: entries })) }),
);
describeBinaryCodec(
  'SUM request',
  sumRequestCodec,
  fc.record({ context, partitions: anyPartitionDigests, excluded: entries }),
);
describeBinaryCodec(
  'SUM answer',
  sumResponseCodec,
  fc.record({ complete: fc.boolean(), readings: anyU64, flags: anyU32, elements: anyBytes(64) }),
);
describeBinaryCodec(
  'ROWS request',
  rowsRequestCodec,
  fc.record({ context, partition: anyPartition, after: optionally(anyEntry) }),
);
describeBinaryCodec(
  'ROWS answer',
  rowsResponseCodec,
  fc.record({
    rows: anyListOf(fc.record({ entry: anyEntry, conflict: fc.boolean(), share: anyBytes(64) })),
    more: fc.boolean(),
  }),
);
describeBinaryCodec(
  'COMPARE request',
  compareRequestCodec,
  fc.record({ context, partition: anyPartition, entries }),
);
describeBinaryCodec(
  'SENSORS request',
  sensorsRequestCodec,
  fc.record({ context, partitions: anyPartitionDigests, excluded: entries, from: anyPartition }),
);
describeBinaryCodec(
  'SENSORS answer',
  sensorsResponseCodec,
  fc.record({
    sensors: anyListOf(fc.record({ sensor: anyFixedBytes(16).map(sensorId), included: fc.boolean() })),
    next: optionally(anyPartition),
  }),
);
describeBinaryCodec('COMPARE answer', compareResponseCodec, fc.record({ missing: entries }));
describeBinaryCodec(
  'GATHER request',
  gatherRequestCodec,
  fc.record({ context, partitions: anyListOf(anyPartition) }),
);
describeBinaryCodec('INVENTORY request', inventoryRequestCodec, fc.record({ context }));
describeBinaryCodec(
  'INVENTORY answer',
  inventoryCodec,
  fc.record({
    partitions: anyListOf(fc.record({ partition: anyPartition, index: anyU8, digest: anyDigest })),
  }),
);

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
});

describe('a released row', () => {
  const row = {
    stream: streamHash('5a'.repeat(32)),
    window: windowId(1_700_000_000_000),
    group: 0,
    domain: domainId('cloud-a'),
    index: 0,
    settled: new Uint8Array(32),
    readings: 0,
    committed: 0,
    flags: 0,
    excluded: 0,
    verdict: 'WITHHELD',
    reason: 'too few',
    elements: new Uint8Array(0),
  } as const;
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
