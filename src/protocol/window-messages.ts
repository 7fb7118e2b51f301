import { PARTITIONS } from '../ring/identifiers.ts';
import type { Codec } from './codec.ts';
import { binaryCodec } from './codec.ts';
import { digestLayout, partitionDigests } from './decision-values.ts';
import { ballotLayout, contextLayout, entryLayout, partitionLayout } from './flag-messages.ts';
import type { Value } from './layout.ts';
import {
  fixedBytes,
  flag,
  hexBytes,
  list,
  oneOf,
  optional,
  record,
  sizedBytes,
  text,
  u8,
  u32,
  u64,
} from './layout.ts';
import {
  ELEMENTS_MAX,
  EXCLUDED_MAX,
  HOLDINGS_MAX,
  PAGE_ENTRIES_MAX,
  REGISTER_VALUE_BYTES_MAX,
  ROWS_PER_PAGE_MAX,
  SENSORS_PER_PAGE_MAX,
} from './limits.ts';
import { sensorIdLayout } from './packets.ts';

/** A Synod request for one slot of a register, or for the ledger of the receiver's domain. */
const synodRequest = record({
  context: contextLayout,
  decision: oneOf('terms', 'settlement', 'exclusion', 'release'),
  kind: oneOf('prepare', 'accept', 'read'),
  ballot: ballotLayout,
  value: optional(sizedBytes(REGISTER_VALUE_BYTES_MAX)),
});
export type SynodRequest = Value<typeof synodRequest>;
export const synodRequestCodec: Codec<SynodRequest> = binaryCodec(synodRequest);
const synodResponse = record({
  granted: flag,
  promised: ballotLayout,
  accepted: optional(record({ ballot: ballotLayout, value: sizedBytes(REGISTER_VALUE_BYTES_MAX) })),
});
export type SynodResponse = Value<typeof synodResponse>;
export const synodResponseCodec: Codec<SynodResponse> = binaryCodec(synodResponse);

/** FREEZE: the acceptor refuses every per-flag message of the window from now on, and reports its TRUE flags. */
const freezeRequest = record({ context: contextLayout });
export type FreezeRequest = Value<typeof freezeRequest>;
export const freezeRequestCodec: Codec<FreezeRequest> = binaryCodec(freezeRequest);
const freezeReport = record({ storeId: hexBytes(16), commitSeq: u64, partitions: partitionDigests });
export type FreezeReport = Value<typeof freezeReport>;
export const freezeReportCodec: Codec<FreezeReport> = binaryCodec(freezeReport);

/** A page of a frozen acceptor's accepted flags; `after` is the last entry of the page before. */
const frozenListRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  after: optional(entryLayout),
});
export type FrozenListRequest = Value<typeof frozenListRequest>;
export const frozenListRequestCodec: Codec<FrozenListRequest> = binaryCodec(frozenListRequest);
const frozenList = record({
  flags: list(
    record({ entry: entryLayout, ballot: ballotLayout, value: oneOf('TRUE', 'ERROR') }),
    PAGE_ENTRIES_MAX,
  ),
  more: flag,
});
export type FrozenList = Value<typeof frozenList>;
export const frozenListCodec: Codec<FrozenList> = binaryCodec(frozenList);

/** Stores a page of a candidate T's ids under the digest of the partition. */
const keepListRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  digest: digestLayout,
  entries: list(entryLayout, PAGE_ENTRIES_MAX),
  last: flag,
});
export type KeepListRequest = Value<typeof keepListRequest>;
export const keepListRequestCodec: Codec<KeepListRequest> = binaryCodec(keepListRequest);
const kept = record({ kept: flag });
export type Kept = Value<typeof kept>;
export const keptCodec: Codec<Kept> = binaryCodec(kept);

/** Reads a page of the ids that a digest names; `known` is false where the node has no such set. */
const readListRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  digest: digestLayout,
  after: optional(entryLayout),
});
export type ReadListRequest = Value<typeof readListRequest>;
export const readListRequestCodec: Codec<ReadListRequest> = binaryCodec(readListRequest);
const readList = record({ known: flag, entries: list(entryLayout, PAGE_ENTRIES_MAX), more: flag });
export type ReadList = Value<typeof readList>;
export const readListCodec: Codec<ReadList> = binaryCodec(readList);

/** ANNOUNCE: the window was opened; the receiver reads its terms from the register itself. */
const announceRequest = record({ context: contextLayout });
export type AnnounceRequest = Value<typeof announceRequest>;
export const announceRequestCodec: Codec<AnnounceRequest> = binaryCodec(announceRequest);

/** READY: which flags of T the receiver's domain holds nowhere; answered by any one node of the domain. */
const readyRequest = record({ context: contextLayout, settlement: fixedBytes(32) });
export type ReadyRequest = Value<typeof readyRequest>;
export const readyRequestCodec: Codec<ReadyRequest> = binaryCodec(readyRequest);
const readyResponse = record({ ready: flag, reason: text(200), missing: list(entryLayout, EXCLUDED_MAX) });
export type ReadyResponse = Value<typeof readyResponse>;
export const readyResponseCodec: Codec<ReadyResponse> = binaryCodec(readyResponse);

/** HELD, inside a domain: which flags of T this node holds no good row for. */
const heldRequest = record({ context: contextLayout, partitions: partitionDigests });
export type HeldRequest = Value<typeof heldRequest>;
export const heldRequestCodec: Codec<HeldRequest> = binaryCodec(heldRequest);
const heldResponse = record({
  partitions: list(
    record({ partition: partitionLayout, missing: list(entryLayout, EXCLUDED_MAX) }),
    PARTITIONS,
  ),
});
export type HeldResponse = Value<typeof heldResponse>;
export const heldResponseCodec: Codec<HeldResponse> = binaryCodec(heldResponse);

/** SUM, inside a domain: this node's share sum over T minus X in the partitions it stands for. */
const sumRequest = record({
  context: contextLayout,
  partitions: partitionDigests,
  excluded: list(entryLayout, EXCLUDED_MAX),
});
export type SumRequest = Value<typeof sumRequest>;
export const sumRequestCodec: Codec<SumRequest> = binaryCodec(sumRequest);
const sumResponse = record({
  complete: flag,
  readings: u64,
  flags: u32,
  elements: sizedBytes(16 * ELEMENTS_MAX),
});
export type SumResponse = Value<typeof sumResponse>;
export const sumResponseCodec: Codec<SumResponse> = binaryCodec(sumResponse);

/**
 * SENSORS, inside a domain: whose shares the receiver holds, from a partition on, and who of them has a flag in T
 * minus X among the partitions it stands for. Ids only.
 */
const sensorsRequest = record({
  context: contextLayout,
  partitions: partitionDigests,
  excluded: list(entryLayout, EXCLUDED_MAX),
  from: partitionLayout,
});
export type SensorsRequest = Value<typeof sensorsRequest>;
export const sensorsRequestCodec: Codec<SensorsRequest> = binaryCodec(sensorsRequest);
const sensorsResponse = record({
  sensors: list(record({ sensor: sensorIdLayout, included: flag }), SENSORS_PER_PAGE_MAX),
  next: optional(partitionLayout),
});
export type SensorsResponse = Value<typeof sensorsResponse>;
export const sensorsResponseCodec: Codec<SensorsResponse> = binaryCodec(sensorsResponse);

/** ROWS, inside a domain: a page of this node's opened shares. `conflict` marks a key that had two shares: no row. */
const rowsRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  after: optional(entryLayout),
});
export type RowsRequest = Value<typeof rowsRequest>;
export const rowsRequestCodec: Codec<RowsRequest> = binaryCodec(rowsRequest);
const rowsResponse = record({
  rows: list(
    record({ entry: entryLayout, conflict: flag, share: sizedBytes(16 * ELEMENTS_MAX) }),
    ROWS_PER_PAGE_MAX,
  ),
  more: flag,
});
export type RowsResponse = Value<typeof rowsResponse>;
export const rowsResponseCodec: Codec<RowsResponse> = binaryCodec(rowsResponse);

/** COMPARE, inside a domain: which of these flags the receiver holds no row for. */
const compareRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  entries: list(entryLayout, ROWS_PER_PAGE_MAX),
});
export type CompareRequest = Value<typeof compareRequest>;
export const compareRequestCodec: Codec<CompareRequest> = binaryCodec(compareRequest);
const compareResponse = record({ missing: list(entryLayout, ROWS_PER_PAGE_MAX) });
export type CompareResponse = Value<typeof compareResponse>;
export const compareResponseCodec: Codec<CompareResponse> = binaryCodec(compareResponse);

/** GATHER, inside a domain: the receiver unites the rows of these partitions over all nodes of its domain. */
const gatherRequest = record({ context: contextLayout, partitions: list(partitionLayout, PARTITIONS) });
export type GatherRequest = Value<typeof gatherRequest>;
export const gatherRequestCodec: Codec<GatherRequest> = binaryCodec(gatherRequest);

/**
 * INVENTORY, inside a domain: which flags this node holds a row for that opens, per partition and share index, as
 * a digest over their ids. Every index but the domain's own is a breach that an audit reports.
 */
const inventoryRequest = record({ context: contextLayout });
export type InventoryRequest = Value<typeof inventoryRequest>;
export const inventoryRequestCodec: Codec<InventoryRequest> = binaryCodec(inventoryRequest);
const holding = record({ partition: partitionLayout, index: u8, digest: digestLayout });
export type Holding = Value<typeof holding>;
const inventory = record({ partitions: list(holding, HOLDINGS_MAX) });
export type Inventory = Value<typeof inventory>;
export const inventoryCodec: Codec<Inventory> = binaryCodec(inventory);

/** RECALL: the highest commit group of the asking node's store that the receiver has seen; 0 for none. */
const recallRequest = record({ storeId: hexBytes(16) });
export type RecallRequest = Value<typeof recallRequest>;
export const recallRequestCodec: Codec<RecallRequest> = binaryCodec(recallRequest);
/** COMMITTED: the asking node's store and the commit group that is on its disk. */
const committed = record({ storeId: hexBytes(16), commitSeq: u64 });
export type Committed = Value<typeof committed>;
export const committedCodec: Codec<Committed> = binaryCodec(committed);
const recallResponse = record({ commitSeq: u64 });
export type RecallResponse = Value<typeof recallResponse>;
export const recallResponseCodec: Codec<RecallResponse> = binaryCodec(recallResponse);
