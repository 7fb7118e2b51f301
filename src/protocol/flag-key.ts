import type { Brand } from '../foundation/index.ts';
import { bigEndian, characters, concat, EngineError, wordAt } from '../foundation/index.ts';
import type { Partition, StreamHash, WindowId } from '../ring/identifiers.ts';
import {
  PARTITIONS,
  partition,
  partitionOf,
  streamHashBytes,
  streamHashFromBytes,
  windowId,
} from '../ring/identifiers.ts';

export const READING_ID_BYTES = 16;
export const SENSOR_ID_BYTES = 16;
/** Reading id, sensor id and count. */
export const ENTRY_KEY_BYTES = READING_ID_BYTES + SENSOR_ID_BYTES + 4;

/** 16 random bytes drawn once per split; one id = one split. */
export type ReadingId = Brand<Uint8Array, 'ReadingId'>;
/** 16 bytes that name a sensor for the gate. */
export type SensorId = Brand<Uint8Array, 'SensorId'>;

/** What sealing, settling and releasing are done for. `group` is 0 without labels. */
export interface WindowScope {
  readonly stream: StreamHash;
  readonly window: WindowId;
  readonly group: number;
}

/** The part of a flag key that differs inside a window. `count` is the number of readings behind the flag. */
export interface FlagEntry {
  readonly readingId: ReadingId;
  readonly sensorId: SensorId;
  readonly count: number;
}

/** Everything public about a reading; another tuple is another flag (docs/PROTOCOL.md, "The flag key"). */
export interface FlagKey extends WindowScope, FlagEntry {}

/** @throws EngineError `MALFORMED_BODY` */
export function readingId(bytes: Uint8Array): ReadingId {
  if (bytes.length !== READING_ID_BYTES) {
    throw new EngineError(
      'MALFORMED_BODY',
      `expected a reading id of ${READING_ID_BYTES} bytes, got ${bytes.length}`,
    );
  }
  return bytes as ReadingId;
}

/** @throws EngineError `MALFORMED_BODY` */
export function sensorId(bytes: Uint8Array): SensorId {
  if (bytes.length !== SENSOR_ID_BYTES) {
    throw new EngineError(
      'MALFORMED_BODY',
      `expected a sensor id of ${SENSOR_ID_BYTES} bytes, got ${bytes.length}`,
    );
  }
  return bytes as SensorId;
}

/** 42 bytes: stream hash, window, group. The prefix of every row of a window. */
export function windowKey(scope: WindowScope): Uint8Array {
  return concat(streamHashBytes(scope.stream), bigEndian(scope.window, 8), bigEndian(scope.group, 2));
}

/** Reads a window's key back. */
export function scopeOfKey(key: Uint8Array): WindowScope {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return {
    stream: streamHashFromBytes(key.slice(0, 32)),
    window: windowId(Number(view.getBigUint64(32))),
    group: view.getUint16(40),
  };
}

/** The window as text, for maps in memory and for logs. */
export function windowName(scope: WindowScope): string {
  return `${scope.stream}/${scope.window}/${scope.group}`;
}

/** 44 bytes: {@link windowKey} and the partition. */
export function partitionKey(scope: WindowScope, partition: Partition): Uint8Array {
  return concat(windowKey(scope), bigEndian(partition, 2));
}

/** 36 bytes: reading id, sensor id, count. Sorts entries inside a partition. */
export function entryKey(entry: FlagEntry): Uint8Array {
  const key = new Uint8Array(ENTRY_KEY_BYTES);
  writeEntryKey(key, 0, entry);
  return key;
}

/** {@link entryKey} of each entry, one after another. */
export function entryKeys(entries: readonly FlagEntry[]): Uint8Array {
  const keys = new Uint8Array(ENTRY_KEY_BYTES * entries.length);
  for (const [place, entry] of entries.entries()) writeEntryKey(keys, ENTRY_KEY_BYTES * place, entry);
  return keys;
}

/** Reads {@link entryKeys} back. */
export function entriesOfKeys(keys: Uint8Array): FlagEntry[] {
  const entries: FlagEntry[] = [];
  for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) entries.push(entryOfKey(keys, at));
  return entries;
}

/** Written in place: it stands in every row's key and every hash of a set. */
function writeEntryKey(into: Uint8Array, at: number, { readingId, sensorId, count }: FlagEntry): void {
  into.set(readingId, at);
  into.set(sensorId, at + READING_ID_BYTES);
  const countAt = at + READING_ID_BYTES + SENSOR_ID_BYTES;
  into[countAt] = count >>> 24;
  into[countAt + 1] = count >>> 16;
  into[countAt + 2] = count >>> 8;
  into[countAt + 3] = count;
}

/** The count of the entry whose key stands at an offset in a longer array. */
export function countInKey(keys: Uint8Array, keyAt: number): number {
  return wordAt(keys, keyAt + READING_ID_BYTES + SENSOR_ID_BYTES) >>> 0;
}

/** The partition of the entry whose key stands at an offset in a longer array. */
export function partitionInKey(keys: Uint8Array, keyAt: number): number {
  return ((keys[keyAt] ?? 0) << 2) | ((keys[keyAt + 1] ?? 0) >> 6);
}

/** The keys at some ascending places among several; the array itself where these are all. */
export function keysAt(keys: Uint8Array, places: readonly number[]): Uint8Array {
  if (ENTRY_KEY_BYTES * places.length === keys.length) return keys;
  return concat(
    ...places.map((place) => keys.subarray(ENTRY_KEY_BYTES * place, ENTRY_KEY_BYTES * (place + 1))),
  );
}

/** The entry as text for maps in memory, one character per byte: half of what hexadecimal digits take. */
export function entryName(entry: FlagEntry): string {
  return characters(entryKey(entry));
}

/** Reads {@link entryName} back. */
export function entryOfName(name: string): FlagEntry {
  return entryOfKey(Uint8Array.from(name, (character) => character.charCodeAt(0)));
}

/** Reads {@link entryKey} back, from its offset in a longer key. */
export function entryOfKey(key: Uint8Array, offset = 0): FlagEntry {
  const id = readingId(key.slice(offset, offset + 16));
  const sensor = sensorId(key.slice(offset + 16, offset + 32));
  return { readingId: id, sensorId: sensor, count: countInKey(key, offset) };
}

/** Bytes of {@link partitionKey}. */
export const PARTITION_KEY_BYTES = 44;
/** Bytes of {@link windowKey}. */
export const WINDOW_KEY_BYTES = 42;

/** The partition that a {@link partitionKey}, or what begins with one, names; null where it names none that there can be. */
export function partitionOfKey(key: Uint8Array): Partition | null {
  const [high = PARTITIONS, low = 0] = key.subarray(WINDOW_KEY_BYTES, PARTITION_KEY_BYTES);
  const number = 256 * high + low;
  return number < PARTITIONS ? partition(number) : null;
}

/** 80 bytes: {@link partitionKey} and {@link entryKey}; the whole flag key as bytes, which sort by partition and reading. */
export function flagKeyBytes(scope: WindowScope, entry: FlagEntry): Uint8Array {
  return concat(partitionKey(scope, partitionOf(entry.readingId)), entryKey(entry));
}
