export type { Codec } from './codec.ts';
export { BINARY_CONTENT, JSON_CONTENT, parseJson, schemaCheck, WIRE_VERSION } from './codec.ts';
export type {
  DecisionName,
  Exclusion,
  PartitionDigest,
  ReleasedRow,
  Settlement,
  WindowTerms,
} from './decision-values.ts';
export {
  DECISION_CODECS,
  exclusionCodec,
  releasedRowCodec,
  settlementCodec,
  windowTermsCodec,
} from './decision-values.ts';
export type { EntryDigest, EntryDigests } from './entry-digest.ts';
export { createEntryDigest, createEntryDigests, DIGEST_WORDS } from './entry-digest.ts';
export type { FlagEntry, FlagKey, ReadingId, SensorId, WindowScope } from './flag-key.ts';
export {
  countInKey,
  ENTRY_KEY_BYTES,
  entriesOfKeys,
  entryKey,
  entryKeys,
  entryName,
  entryOfKey,
  entryOfName,
  flagKeyBytes,
  keysAt,
  PARTITION_KEY_BYTES,
  partitionInKey,
  partitionKey,
  partitionOfKey,
  READING_ID_BYTES,
  readingId,
  scopeOfKey,
  sensorId,
  WINDOW_KEY_BYTES,
  windowKey,
  windowName,
} from './flag-key.ts';
export type {
  AcceptResponse,
  CopyRequest,
  CopyResponse,
  FlagAnswer,
  FlagAnswers,
  FlagsRequest,
  FlagValue,
  FlagVote,
  MessageContext,
  Outcome,
  Outcomes,
  Refusal,
  RelayRequest,
  RelayResponse,
  SetPacket,
  SetRequest,
  SharePacket,
  UploadRequest,
  UploadResponse,
  VoteRequest,
  VoteResponse,
} from './flag-messages.ts';
export { REFUSALS } from './flag-messages.ts';
export * as limits from './limits.ts';
export type { Frame, FrameHead, FrameReader } from './link-frames.ts';
export {
  createFrameReader,
  encodeFrame,
  FRAME_TEXT_BYTES_MAX,
  LINK_PROTOCOL,
} from './link-frames.ts';
export type { Audience, Operation, Scope } from './operations.ts';
export * as operations from './operations.ts';
export type {
  ComputeAnswer,
  NodeAudit,
  NodeStatus,
  OpenWindow,
  SealAnswer,
  StreamAnswer,
  StreamList,
  WindowQuestion,
  WindowState,
  WindowSummary,
} from './operator-messages.ts';
export type {
  AddressedPacket,
  Packet,
  PacketKeys,
  PacketReading,
  ShareBinding,
} from './packets.ts';
export {
  domainWord,
  entriesOf,
  entryKeysOf,
  equalTags,
  POINT_BYTES,
  packetKeys,
  packetName,
  setTag,
  shareBinding,
} from './packets.ts';
export type { ProblemAnswer } from './problem.ts';
export {
  errorFromProblem,
  mediaTypeOf,
  PROBLEM_CONTENT_TYPE,
  PROBLEM_TYPE_PREFIX,
  problemOf,
} from './problem.ts';
export type { Receipts } from './receipts.ts';
export { createReceipts } from './receipts.ts';
export type { EnrolledSensor, RosterBatch, RosterPayload } from './roster-batch.ts';
export { openRosterBatch, signRosterBatch } from './roster-batch.ts';
export { rotationInput, SENSOR_KEY_BYTES, sensorIdOf } from './sensor-key.ts';
export type { SetDigest, SetHasher } from './set-hash.ts';
export { createSetHasher, digestOf, EMPTY_SET, equalDigests } from './set-hash.ts';
export type { ShareColumns, ShareRow } from './share-columns.ts';
export { shareColumns } from './share-columns.ts';
export type { PacketContent, SeedRoom, ShareForm } from './share-content.ts';
export {
  beginShareContent,
  createSeedRoom,
  isSeeded,
  readShares,
  seededShare,
  shareContentBytes,
} from './share-content.ts';
export type {
  CompareRequest,
  FreezeReport,
  FrozenList,
  HeldResponse,
  Holding,
  Inventory,
  ReadyResponse,
  RowsRequest,
  RowsResponse,
  SensorsRequest,
  SensorsResponse,
  SumResponse,
  SynodRequest,
  SynodResponse,
} from './window-messages.ts';
