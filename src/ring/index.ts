export { majorityPromised } from './barrier.ts';
export type { RingDocument, RingPayload, RingTrust } from './document.ts';
export { openRingDocument, signRingDocument } from './document.ts';
export type { RingHistory } from './history.ts';
export {
  extendHistory,
  livingNodesOf,
  lostStoresOf,
  newestOf,
  nodesEver,
  oldestOf,
  placementsOf,
  placingDocument,
  prependHistory,
  reaches,
  ringHistory,
  ringOfStreams,
  sectionsOf,
} from './history.ts';
export type { DomainId, Epoch, NodeId, Partition, StoreId, StreamHash, WindowId } from './identifiers.ts';
export {
  domainId,
  epoch,
  nodeId,
  PARTITION_BITS,
  PARTITIONS,
  partition,
  partitionOf,
  storeId,
  streamHash,
  streamHashBytes,
  streamHashFromBytes,
  windowId,
} from './identifiers.ts';
export type { CompactDocument, DocumentType, Signer, Verifier } from './jws.ts';
export {
  checkSignature,
  documentHash,
  publicKeyBytes,
  readCompact,
  signCompact,
  verifyCompact,
} from './jws.ts';
export * from './limits.ts';
export type { PayloadReader } from './payload.ts';
export { parseRecord, payloadReader } from './payload.ts';
export type { PlacedNode, Placement } from './placement.ts';
export { createPlacement, majority, registerPartition, TOKENS_PER_NODE, votersAmong } from './placement.ts';
export type { DomainSection, RingNode, SectionPayload } from './section.ts';
export { comparableName, NAME, openSection, PUBLIC_KEY, signKeyRotation, signSection } from './section.ts';
export type { SensorBundle } from './sensor-bundle.ts';
export { openSensorBundle, readSensorBundle } from './sensor-bundle.ts';
export { checkSuccessor, placesAlike } from './successor.ts';
