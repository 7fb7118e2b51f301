import fc from 'fast-check';
import { sensorId } from '../../../src/protocol/index.ts';
import {
  announceRequestCodec,
  compareRequestCodec,
  compareResponseCodec,
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
  rowsRequestCodec,
  rowsResponseCodec,
  sensorsRequestCodec,
  sensorsResponseCodec,
  sumRequestCodec,
  sumResponseCodec,
  synodRequestCodec,
  synodResponseCodec,
} from '../../../src/protocol/window-messages.ts';
import {
  anyBallot,
  anyBytes,
  anyContext,
  anyDigest,
  anyEntry,
  anyFixedBytes,
  anyFlagValue,
  anyHex,
  anyListOf,
  anyPartition,
  anyPartitionDigests,
  anyReason,
  anySynodKind,
  anyU8,
  anyU32,
  anyU64,
  optionally,
} from '../../support/any-message.ts';
import { describeBinaryCodec } from '../../support/codec-laws.ts';

const context = anyContext;
const entries = anyListOf(anyEntry);

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
