import fc from 'fast-check';
import type {
  FlagEntry,
  MessageContext,
  Packet,
  PartitionDigest,
  SetDigest,
} from '../../src/protocol/index.ts';
import { readingId, sensorId } from '../../src/protocol/index.ts';
import { domainId, epoch, partition, streamHash, windowId } from '../../src/ring/identifiers.ts';

/** Items in a list: enough for none, one and several. */
const ITEMS_MAX = 4;

export const anyBytes = (maxLength: number) => fc.uint8Array({ maxLength });
export const anyFixedBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const anyListOf = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: ITEMS_MAX });
export const anyHex = (length: number) =>
  anyFixedBytes(length).map((bytes) => Buffer.from(bytes).toString('hex'));

export const anyU8 = fc.integer({ min: 0, max: 255 });
export const anyU16 = fc.integer({ min: 0, max: 65_535 });
export const anyU32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
export const anyU64 = fc.maxSafeNat();

export const anyEpoch = fc.integer({ min: 1, max: 2 ** 32 - 1 }).map(epoch);
export const anyPartition = fc.integer({ min: 0, max: 1_023 }).map(partition);
export const anyStream = anyHex(32).map(streamHash);
export const anyDomain = fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/).map(domainId);

export const anyContext: fc.Arbitrary<MessageContext> = fc.record({
  epoch: anyEpoch,
  placementEpoch: anyEpoch,
  stream: anyStream,
  window: anyU64.map(windowId),
  group: anyU16,
});

export const anyReadingId = anyFixedBytes(16).map(readingId);
export const anySensorId = anyFixedBytes(16).map(sensorId);
export const anyEntry: fc.Arbitrary<FlagEntry> = fc.record({
  readingId: anyReadingId,
  sensorId: anySensorId,
  count: anyU32,
});

export const anyBallot = fc.record({ counter: anyU64, proposer: anyU16 });
export const anyOutcome = fc.constantFrom('UNDECIDED', 'TRUE', 'ERROR');
export const anyFlagValue = fc.constantFrom('TRUE', 'ERROR');
export const anySynodKind = fc.constantFrom('prepare', 'accept', 'read');

export const anyDigest: fc.Arbitrary<SetDigest> = fc.record({
  count: anyU32,
  readings: anyU64,
  hash: anyFixedBytes(32),
});
export const anyPartitionDigests: fc.Arbitrary<readonly PartitionDigest[]> = anyListOf(
  fc.record({ partition: anyPartition, digest: anyDigest }),
);

/** Text of at most 200 bytes of UTF-8, with a byte order mark in front now and then. */
export const anyReason = fc
  .tuple(fc.constantFrom('', '', '', '\ufeff'), fc.string({ unit: 'grapheme', maxLength: 12 }))
  .map(([mark, text]) => mark + text)
  .filter((text) => new TextEncoder().encode(text).length <= 200);

/** The fields of a packet in front of its proofs. */
export const anyPacket: { [K in keyof Packet]: fc.Arbitrary<Packet[K]> } = {
  sensorId: anySensorId,
  publicKey: fc.option(anyFixedBytes(65)),
  readings: anyListOf(fc.record({ readingId: anyReadingId, count: anyU32 })),
};

export const optionally = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(item);
