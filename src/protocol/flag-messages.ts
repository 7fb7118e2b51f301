import type { ErrorCode } from '../foundation/index.ts';
import { EngineError, invariant } from '../foundation/index.ts';
import { epoch, partition, windowId } from '../ring/identifiers.ts';
import type { Codec } from './codec.ts';
import { binaryCodec } from './codec.ts';
import type { FlagEntry } from './flag-key.ts';
import { ENTRY_KEY_BYTES } from './flag-key.ts';
import type { Layout, Value } from './layout.ts';
import {
  fixedBytes,
  flag,
  list,
  oneOf,
  optional,
  record,
  refined,
  sizedBytes,
  streamHashLayout,
  u8,
  u16,
  u32,
  u64,
} from './layout.ts';
import {
  FLAGS_PER_REQUEST_MAX,
  PACKETS_PER_REQUEST_MAX,
  PEER_BODY_BYTES_MAX,
  PROOFS_MAX,
  RECEIPTS_MAX,
  SENSOR_BODY_BYTES_MAX,
} from './limits.ts';
import {
  addressedFields,
  packetFields,
  packetsLayout,
  pointLayout,
  readingIdLayout,
  sensorIdLayout,
  TAG_BYTES,
} from './packets.ts';
import { RECEIPT_BYTES } from './receipts.ts';

/**
 * In front of every message about a window: the sender's newest ring document, the one that places the
 * window, and the window itself.
 */
export const contextLayout = record({
  epoch: refined(u32, epoch),
  placementEpoch: refined(u32, epoch),
  stream: streamHashLayout,
  window: refined(u64, windowId),
  group: u16,
});
export type MessageContext = Value<typeof contextLayout>;

export const entryLayout: Layout<FlagEntry> = record({
  readingId: readingIdLayout,
  sensorId: sensorIdLayout,
  count: u32,
});
export const partitionLayout = refined(u16, partition);
/** A ballot of the Synod: counter, then the proposer's place in the ring document. */
export const ballotLayout = record({ counter: u64, proposer: u16 });

/** The outcome of a flag: undecided is the paper's FALSE. */
export type Outcome = 'UNDECIDED' | 'TRUE' | 'ERROR';
const outcomeLayout = oneOf('UNDECIDED', 'TRUE', 'ERROR');

const entries = list(entryLayout, FLAGS_PER_REQUEST_MAX);
/** The same bytes as a list of entries, left as they are: `entryKeys`. */
const entryKeysLayout: Layout<Uint8Array> = {
  write: (keys, to) => {
    const count = keys.length / ENTRY_KEY_BYTES;
    invariant(
      Number.isInteger(count) && count <= FLAGS_PER_REQUEST_MAX,
      'expected the keys of a few entries',
    );
    to.integer(count, 4);
    to.put(keys);
  },
  read: (from) => {
    const count = from.integer(4);
    if (count <= FLAGS_PER_REQUEST_MAX) return from.take(count * ENTRY_KEY_BYTES);
    throw new EngineError('MALFORMED_BODY', `expected at most ${FLAGS_PER_REQUEST_MAX} items, got ${count}`);
  },
};

/**
 * Why the readings of one packet are refused, by the code of the error; the other packets of the request are
 * none of its business.
 */
export const REFUSALS = [
  'PACKET_REFUSED',
  'SENSOR_UNKNOWN',
  'SENSOR_REVOKED',
  'MALFORMED_BODY',
  'STREAM_REFUSED',
  'WRONG_VECTOR_LENGTH',
  'ELEMENT_OUT_OF_RANGE',
  'RECEIPTS_REFUSED',
  'RATE_LIMITED',
  'INCOMPLETE',
] as const satisfies readonly ErrorCode[];
export type Refusal = (typeof REFUSALS)[number];

/** GET: flags of one partition. */
const flagsRequest = record({ context: contextLayout, partition: partitionLayout, flags: entries });
export type FlagsRequest = Value<typeof flagsRequest>;
export const flagsRequestCodec: Codec<FlagsRequest> = binaryCodec(flagsRequest);

/** To the domain at a place of the stream: that the sensor says this. */
const proof = record({ index: u8, encapsulated: pointLayout, tag: fixedBytes(TAG_BYTES) });

const setPacket = record({
  ...packetFields,
  /** One of every domain of the stream, in its order, for the packet as a whole. */
  receipts: list(fixedBytes(RECEIPT_BYTES), RECEIPTS_MAX),
  proofs: list(proof, PROOFS_MAX),
});
export type SetPacket = Value<typeof setPacket>;

/**
 * SET and ACCEPT: flags of one partition, with everything an acceptor needs to vote. Whoever is asked may hand the
 * same packets on to the other acceptors, so that none votes on the bare word of another.
 */
const setRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  packets: packetsLayout(setPacket),
});
export type SetRequest = Value<typeof setRequest>;
export const setRequestCodec: Codec<SetRequest> = binaryCodec(setRequest);

/** One outcome per flag, in the order asked. */
const outcomes = record({ outcomes: list(outcomeLayout, FLAGS_PER_REQUEST_MAX) });
export type Outcomes = Value<typeof outcomes>;
export const outcomesCodec: Codec<Outcomes> = binaryCodec(outcomes);

/** What became of a flag that a sensor spoke about, or why its packet is refused, which decides nothing. */
export type FlagAnswer = Outcome | Refusal;

/** SET: per reading, packet after packet. */
const flagAnswers = record({
  outcomes: list(oneOf('UNDECIDED', 'TRUE', 'ERROR', ...REFUSALS), FLAGS_PER_REQUEST_MAX),
});
export type FlagAnswers = Value<typeof flagAnswers>;
export const flagAnswersCodec: Codec<FlagAnswers> = binaryCodec(flagAnswers);

const sharePacket = record({
  ...addressedFields,
  /** The shares of the readings one after another, sealed to the domain. */
  sealed: sizedBytes(SENSOR_BODY_BYTES_MAX),
});
export type SharePacket = Value<typeof sharePacket>;

/** UPLOAD, and with it CREATE: one share per reading, all of one partition and one share index (the place of the domain in the stream). */
const uploadRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  index: u8,
  packets: packetsLayout(sharePacket),
});
export type UploadRequest = Value<typeof uploadRequest>;
export const uploadRequestCodec: Codec<UploadRequest> = binaryCodec(uploadRequest);

/** Places of readings in their packet. */
const places = list(u16, FLAGS_PER_REQUEST_MAX);

/**
 * Per packet: STORED (now or before, with the same shares) with the receipt for it as a whole; CONFLICT where the
 * readings at `conflicts` have other shares here, the rest of it being stored; or refused.
 */
const uploadResponse = record({
  packets: list(
    record({
      answer: oneOf('STORED', 'CONFLICT', ...REFUSALS),
      receipt: optional(fixedBytes(RECEIPT_BYTES)),
      /** For a node that relays: the domain's word to the sensor that the shares are stored. */
      word: optional(fixedBytes(TAG_BYTES)),
      conflicts: places,
    }),
    PACKETS_PER_REQUEST_MAX,
  ),
});
export type UploadResponse = Value<typeof uploadResponse>;
export const uploadResponseCodec: Codec<UploadResponse> = binaryCodec(uploadResponse);

/** COPY, inside a domain: opened shares of one partition, which are of one length, and the domain's share index. */
const copyRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  index: u8,
  keys: entryKeysLayout,
  /** In the order of the entries, one after another. */
  shares: sizedBytes(PEER_BODY_BYTES_MAX),
});
export type CopyRequest = Value<typeof copyRequest>;
export const copyRequestCodec: Codec<CopyRequest> = binaryCodec(copyRequest);

/** The places of the rows that are in conflict with other bytes under their key; all others are stored. */
const copyResponse = record({ conflicts: places });
export type CopyResponse = Value<typeof copyResponse>;
export const copyResponseCodec: Codec<CopyResponse> = binaryCodec(copyResponse);

/** What may be decided about a flag. */
export type FlagValue = 'TRUE' | 'ERROR';
const flagValueLayout = oneOf('TRUE', 'ERROR');

/** A Synod request for flags of one partition, from ballot 1 on; `value` is set for accept only. */
const voteRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  kind: oneOf('prepare', 'accept', 'read'),
  ballot: ballotLayout,
  value: optional(flagValueLayout),
  flags: entries,
});
export type VoteRequest = Value<typeof voteRequest>;
export const voteRequestCodec: Codec<VoteRequest> = binaryCodec(voteRequest);

/** Per flag the acceptor's state after the request; `early` is a prepare before the flag's timeout. */
const vote = record({
  granted: flag,
  early: flag,
  promised: ballotLayout,
  accepted: optional(record({ ballot: ballotLayout, value: flagValueLayout })),
});
export type FlagVote = Value<typeof vote>;
const voteResponse = record({ votes: list(vote, FLAGS_PER_REQUEST_MAX) });
export type VoteResponse = Value<typeof voteResponse>;
export const voteResponseCodec: Codec<VoteResponse> = binaryCodec(voteResponse);

/**
 * ACCEPT: per packet an acceptor's vote for TRUE at ballot 0. ACCEPTED holds for all readings of the packet but those
 * of `others`, whose places come with the acceptor's state; a refusal for all.
 */
const acceptResponse = record({
  packets: list(
    record({
      answer: oneOf('ACCEPTED', ...REFUSALS),
      /** For a node that relays, where there are no others: the acceptor's word to the sensor. */
      word: optional(fixedBytes(TAG_BYTES)),
      others: list(
        record({
          place: u16,
          promised: ballotLayout,
          accepted: optional(record({ ballot: ballotLayout, value: flagValueLayout })),
        }),
        FLAGS_PER_REQUEST_MAX,
      ),
    }),
    PACKETS_PER_REQUEST_MAX,
  ),
});
export type AcceptResponse = Value<typeof acceptResponse>;
export const acceptResponseCodec: Codec<AcceptResponse> = binaryCodec(acceptResponse);

/** What a domain of the stream gets of a relayed packet: its shares, and the sensor's SET in case it votes. */
const relayedPart = record({
  encapsulated: pointLayout,
  sealed: sizedBytes(SENSOR_BODY_BYTES_MAX),
  tag: fixedBytes(TAG_BYTES),
});

/** RELAY: one packet with the parts of all domains of the stream, in its order. */
const relayRequest = record({
  context: contextLayout,
  partition: partitionLayout,
  ...packetFields,
  parts: list(relayedPart, RECEIPTS_MAX),
});
export type RelayRequest = Value<typeof relayRequest>;
export const relayRequestCodec: Codec<RelayRequest> = binaryCodec(relayRequest);

/**
 * The words of all domains that they keep their shares, in the stream's order, and of a quorum of the acceptors, named by
 * their place, that they have voted. The node that relays can't make them up.
 */
const relayResponse = record({
  stored: list(fixedBytes(TAG_BYTES), RECEIPTS_MAX),
  votes: list(record({ acceptor: u8, word: fixedBytes(TAG_BYTES) }), PROOFS_MAX),
});
export type RelayResponse = Value<typeof relayResponse>;
export const relayResponseCodec: Codec<RelayResponse> = binaryCodec(relayResponse);
