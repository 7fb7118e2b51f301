import {
  bigEndian,
  EngineError,
  invariant,
  labelledHash,
  labelledInput,
  labelledTag,
  utf8,
} from '../foundation/index.ts';
import type { StreamHash } from '../ring/identifiers.ts';
import { streamHashBytes } from '../ring/identifiers.ts';
import type { FlagEntry, ReadingId, SensorId, WindowScope } from './flag-key.ts';
import {
  ENTRY_KEY_BYTES,
  READING_ID_BYTES,
  readingId,
  SENSOR_ID_BYTES,
  sensorId,
  windowKey,
} from './flag-key.ts';
import type { Layout } from './layout.ts';
import { bytesInBody, fixedBytes, list, optional, refined } from './layout.ts';
import { FLAGS_PER_REQUEST_MAX, PACKETS_PER_REQUEST_MAX } from './limits.ts';

/** Bytes of an uncompressed point of P-256: public keys and encapsulated keys. */
export const POINT_BYTES = 65;
/** Bytes that prove who says a SET. */
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** A reading inside a packet, whose sensor stands once for all. */
export interface PacketReading {
  readonly readingId: ReadingId;
  readonly count: number;
}

/** What one sensor says about some readings of one window and partition, without the proof that it does. */
export interface Packet {
  readonly sensorId: SensorId;
  /** Where a domain has no roster to look it up in. */
  readonly publicKey: Uint8Array | null;
  readonly readings: readonly PacketReading[];
}

/** A packet for one domain, with what that domain makes the keys of, together with the sensor's public key. */
export interface AddressedPacket extends Packet {
  readonly encapsulated: Uint8Array;
}

export const readingIdLayout: Layout<ReadingId> = refined<Uint8Array, ReadingId>(fixedBytes(16), readingId);
export const sensorIdLayout: Layout<SensorId> = refined<Uint8Array, SensorId>(fixedBytes(16), sensorId);

export const pointLayout = bytesInBody(POINT_BYTES);
const READING_BYTES = READING_ID_BYTES + 4;

/** A list of (reading id, count): the bytes that the packet's name is made of, which are made or read once for all. */
const packetReadings: Layout<readonly PacketReading[]> = {
  write: (readings, to) => {
    invariant(readings.length <= FLAGS_PER_REQUEST_MAX, `expected at most ${FLAGS_PER_REQUEST_MAX} readings`);
    to.integer(readings.length, 4);
    to.put(readingBytes(readings));
  },
  read: (from) => {
    const length = from.integer(4);
    if (length > FLAGS_PER_REQUEST_MAX) {
      throw new EngineError(
        'MALFORMED_BODY',
        `expected at most ${FLAGS_PER_REQUEST_MAX} items, got ${length}`,
      );
    }
    const bytes = from.take(READING_BYTES * length);
    const readings = readingsIn(bytes);
    bytesOfReadings.set(readings, bytes);
    return readings;
  },
};

/** The fields of {@link Packet}, in front of the proofs. */
export const packetFields = {
  sensorId: sensorIdLayout,
  publicKey: optional(pointLayout),
  readings: packetReadings,
};
/** The fields of {@link AddressedPacket}. */
export const addressedFields = {
  sensorId: sensorIdLayout,
  encapsulated: pointLayout,
  publicKey: optional(pointLayout),
  readings: packetReadings,
};

/** The packets of one request; together they carry no more readings than a request may. */
export function packetsLayout<P extends Packet>(packet: Layout<P>): Layout<readonly P[]> {
  return refined(list(packet, PACKETS_PER_REQUEST_MAX), (packets) => {
    const readings = packets.reduce((sum, one) => sum + one.readings.length, 0);
    if (readings <= FLAGS_PER_REQUEST_MAX) return packets;
    throw new EngineError(
      'MALFORMED_BODY',
      `expected at most ${FLAGS_PER_REQUEST_MAX} readings in all packets, got ${readings}`,
    );
  });
}

/** The two keys that a sensor and a domain share for one stream, 32 bytes each. */
export interface PacketKeys {
  /** AES-256-GCM, for shares. */
  readonly shares: Uint8Array;
  /** HMAC, for SET. */
  readonly flags: Uint8Array;
}

/** Exports the keys of a stream from what sensor and domain have agreed on. */
export async function packetKeys(
  exportKey: (purpose: Uint8Array) => Promise<Uint8Array>,
  stream: StreamHash,
): Promise<PacketKeys> {
  const bound = streamHashBytes(stream);
  const [shares, flags] = await Promise.all([
    exportKey(labelledInput('share-key', bound)),
    exportKey(labelledInput('flag-key', bound)),
  ]);
  return { shares, flags };
}

/** The flags that a packet is about. */
export function entriesOf({ sensorId: sensor, readings }: Packet): FlagEntry[] {
  return readings.map(({ readingId: id, count }) => ({ readingId: id, sensorId: sensor, count }));
}

/** The keys of the flags that a packet is about, one after another. */
export function entryKeysOf({ sensorId: sensor, readings }: Packet): Uint8Array {
  const bytes = readingBytes(readings);
  const keys = new Uint8Array(ENTRY_KEY_BYTES * readings.length);
  for (let place = 0; place < readings.length; place++) {
    const from = READING_BYTES * place;
    const to = ENTRY_KEY_BYTES * place;
    for (let i = 0; i < READING_ID_BYTES; i++) keys[to + i] = bytes[from + i] ?? 0;
    for (let i = 0; i < SENSOR_ID_BYTES; i++) keys[to + READING_ID_BYTES + i] = sensor[i] ?? 0;
    const countTo = to + READING_ID_BYTES + SENSOR_ID_BYTES;
    for (let i = 0; i < 4; i++) keys[countTo + i] = bytes[from + READING_ID_BYTES + i] ?? 0;
  }
  return keys;
}

/** What the sealed shares of a packet are bound to: one id has one split, so these name the shares themselves. */
export interface ShareBinding {
  /** The same shares under the same key get the same nonce, so that a retry sends the same bytes. */
  readonly nonce: Uint8Array;
  readonly bound: Uint8Array;
}

/**
 * The name of a packet: what it is about in 32 bytes, so that its readings are gone through once whatever is bound
 * to them.
 */
export function packetName(scope: WindowScope, { sensorId: sensor, readings }: Packet): Uint8Array {
  return labelledHash('packet', windowKey(scope), sensor, readingBytes(readings));
}

/** @param index place of the domain in the stream. */
export function shareBinding(name: Uint8Array, index: number): ShareBinding {
  const bound = labelledHash('shares', name, bigEndian(index, 1));
  return { nonce: bound.slice(0, NONCE_BYTES), bound };
}

/** Proves that a sensor sets the flags of a packet, to the domain that shares the key with it. */
export function setTag(key: Uint8Array, name: Uint8Array): Uint8Array {
  return labelledTag(key, 'SET', name);
}

/**
 * What a domain tells a sensor about a packet, whoever carries the word: that it keeps the packet's shares, or that
 * an acceptor of it has voted for TRUE at ballot 0.
 * @param acceptor its node id; of two acceptors of one domain each speaks for itself.
 */
export function domainWord(
  key: Uint8Array,
  said: 'STORED' | 'ACCEPTED',
  name: Uint8Array,
  acceptor = '',
): Uint8Array {
  return labelledTag(key, said, name, utf8(acceptor));
}

/** Compares in a time that does not tell how much of a forged tag was right. */
export function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** A flush names its readings to every domain and every acceptor: the same list gives the same bytes. */
const bytesOfReadings = new WeakMap<readonly PacketReading[], Uint8Array>();

function readingBytes(readings: readonly PacketReading[]): Uint8Array {
  const known = bytesOfReadings.get(readings);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(readings.length * READING_BYTES);
  const view = new DataView(bytes.buffer);
  readings.forEach(({ readingId: id, count }, place) => {
    bytes.set(id, place * READING_BYTES);
    view.setUint32(place * READING_BYTES + READING_ID_BYTES, count);
  });
  bytesOfReadings.set(readings, bytes);
  return bytes;
}

function readingsIn(bytes: Uint8Array): readonly PacketReading[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readings: PacketReading[] = [];
  for (let at = 0; at < bytes.length; at += READING_BYTES) {
    const id = readingId(bytes.slice(at, at + READING_ID_BYTES));
    readings.push({ readingId: id, count: view.getUint32(at + READING_ID_BYTES) });
  }
  return readings;
}
