import {
  bigEndian,
  concat,
  EngineError,
  labelledHash,
  labelledInput,
  labelledMac,
} from '../foundation/index.ts';
import type { StreamHash } from '../ring/identifiers.ts';
import { streamHashBytes } from '../ring/identifiers.ts';
import type { FlagEntry, ReadingId, SensorId, WindowScope } from './flag-key.ts';
import { readingId, sensorId, windowKey } from './flag-key.ts';
import type { Layout } from './layout.ts';
import { fixedBytes, list, optional, record, refined, u32 } from './layout.ts';
import { FLAGS_PER_REQUEST_MAX, PACKETS_PER_REQUEST_MAX } from './limits.ts';

/** Bytes of an uncompressed point of P-256: public keys and encapsulated keys. */
export const POINT_BYTES = 65;
/** Bytes that prove who says a CREATE or a SET. */
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
  /** What the domain makes the keys of, together with the sensor's public key. */
  readonly encapsulated: Uint8Array;
  /** Where the domain has no roster to look it up in. */
  readonly publicKey: Uint8Array | null;
  readonly readings: readonly PacketReading[];
}

export const readingIdLayout: Layout<ReadingId> = refined<Uint8Array, ReadingId>(fixedBytes(16), readingId);
export const sensorIdLayout: Layout<SensorId> = refined<Uint8Array, SensorId>(fixedBytes(16), sensorId);

/** The fields of {@link Packet}, in front of the proof. */
export const packetHead = {
  sensorId: sensorIdLayout,
  encapsulated: fixedBytes(POINT_BYTES),
  publicKey: optional(fixedBytes(POINT_BYTES)),
};
export const packetReading = { readingId: readingIdLayout, count: u32 };
export const packetReadings = list(record(packetReading), FLAGS_PER_REQUEST_MAX);

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
  /** HMAC, for CREATE and SET. */
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

/** What the sealed shares of a packet are bound to: one id has one split, so these name the shares themselves. */
export interface ShareBinding {
  /** The same shares under the same key get the same nonce, so that a retry sends the same bytes. */
  readonly nonce: Uint8Array;
  readonly bound: Uint8Array;
}

/** @param index place of the domain in the stream. */
export function shareBinding(scope: WindowScope, index: number, packet: Packet): ShareBinding {
  const place = [windowKey(scope), bigEndian(index, 1), packet.sensorId];
  const bound = labelledHash('shares', ...place, readingBytes(packet.readings));
  return { nonce: bound.slice(0, NONCE_BYTES), bound };
}

/** What a sensor may say about flags. */
export type FlagSaying = 'CREATE' | 'SET';

/**
 * Proves that a sensor says this about these readings, to the domain that shares the key with it.
 * @param receipts of SET, per reading; none for CREATE.
 */
export function flagTag(
  key: Uint8Array,
  saying: FlagSaying,
  scope: WindowScope,
  packet: Packet,
  receipts: readonly (readonly Uint8Array[])[] = [],
): Uint8Array {
  const readings = readingBytes(packet.readings);
  const said = receipts.map((own) => concat(bigEndian(own.length, 1), ...own));
  const tag = labelledMac(key, saying, windowKey(scope), packet.sensorId, readings, concat(...said));
  return tag.slice(0, TAG_BYTES);
}

/** Compares in a time that does not tell how much of a forged tag was right. */
export function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

function readingBytes(readings: readonly PacketReading[]): Uint8Array {
  return concat(...readings.flatMap(({ readingId: id, count }) => [id, bigEndian(count, 4)]));
}
