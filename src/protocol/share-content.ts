import { checkElements, ELEMENT_BYTES } from '../arithmetic/index.ts';
import { bigEndian, EngineError, labelledInput } from '../foundation/index.ts';
import type { Expand } from '../sharing/index.ts';
import { addVectors, expandElements, SEED_BYTES } from '../sharing/index.ts';
import type { FlagEntry, WindowScope } from './flag-key.ts';
import { ENTRY_KEY_BYTES, entriesOfKeys, entryKey, windowKey } from './flag-key.ts';
import { BATCH_READINGS_MAX, SENSOR_BODY_BYTES_MAX } from './limits.ts';
import type { StreamPayload } from './stream-schema.ts';

/** Of a stream of batches: how many vectors follow one another in a share. */
const VECTOR_COUNT_BYTES = 4;

/** What of a stream says how its shares are written. */
export type ShareForm = Pick<StreamPayload, 'countMode' | 'seeds' | 'elements' | 'domains'>;

/** Whether the domain at this place gets a seed; the last one never does, its share completes the others. */
export function isSeeded({ seeds, domains }: ShareForm, index: number): boolean {
  return seeds && index < domains.length - 1;
}

/** The share that a seed stands for: bound to everything public about the reading, so that none serves twice. */
export function seededShare(
  expand: Expand,
  scope: WindowScope,
  index: number,
  entry: FlagEntry,
  seed: Uint8Array,
  elements: number,
): Uint8Array {
  const input = labelledInput('seed', windowKey(scope), bigEndian(index, 1), entryKey(entry), seed);
  return expandElements(expand, input, elements);
}

/** Bytes that stand in a packet for one reading id: in a stream of batches the number of vectors, then a seed or the shares. */
export function shareContentBytes(stream: ShareForm, index: number, vectors: number): number {
  const head = stream.countMode === 'batch' ? VECTOR_COUNT_BYTES : 0;
  return head + (isSeeded(stream, index) ? SEED_BYTES : vectors * stream.elements.length * ELEMENT_BYTES);
}

/**
 * Writes what stands in front of a seed or of the shares of the vectors, one after another.
 * @param content of {@link shareContentBytes}.
 * @returns the part of it behind, for the seed or the shares.
 */
export function beginShareContent(
  { countMode }: ShareForm,
  vectors: number,
  content: Uint8Array,
): Uint8Array {
  if (countMode !== 'batch') return content;
  content.set(bigEndian(vectors, VECTOR_COUNT_BYTES));
  return content.subarray(VECTOR_COUNT_BYTES);
}

/** Bytes of shares that the seeds of one request may still stand for: a seed asks for work that it does not pay for. */
export interface SeedRoom {
  bytesLeft: number;
}

export function createSeedRoom(): SeedRoom {
  return { bytesLeft: SENSOR_BODY_BYTES_MAX };
}

/** The opened bytes of a packet, and what they are read by. */
export interface PacketContent {
  readonly scope: WindowScope;
  readonly stream: ShareForm;
  /** Place of the domain in the stream. */
  readonly index: number;
  /** Of its entries, one after another. */
  readonly keys: Uint8Array;
  readonly content: Uint8Array;
}

/**
 * Reads the shares of a packet: per reading id one vector, where there are several their sum.
 * @returns the shares one after another; the content itself where that is what it is.
 * @throws EngineError `WRONG_VECTOR_LENGTH`, `ELEMENT_OUT_OF_RANGE`; `RATE_LIMITED` where `room` is used up
 */
export function readShares(packet: PacketContent, expand: Expand, room: SeedRoom): Uint8Array {
  const { scope, stream, index, keys, content } = packet;
  const count = keys.length / ENTRY_KEY_BYTES;
  const shareBytes = stream.elements.length * ELEMENT_BYTES;
  if (stream.countMode === 'single' && !isSeeded(stream, index)) {
    const bytes = count * shareBytes;
    if (content.length !== bytes) {
      throw wrongLength(`expected shares of ${count} readings of ${bytes} bytes`, content);
    }
    checkElements(content);
    return content;
  }
  let at = 0;
  const take = (bytes: number): Uint8Array => {
    const part = content.subarray(at, at + bytes);
    at += bytes;
    if (part.length === bytes) return part;
    throw wrongLength(`expected shares of ${count} readings of at least ${at} bytes`, content);
  };
  const readOne = (entry: FlagEntry): Uint8Array => {
    const vectors = stream.countMode === 'batch' ? readVectorCount(take(VECTOR_COUNT_BYTES), entry) : 1;
    const bytes = vectors * shareBytes;
    if (!isSeeded(stream, index)) {
      const share = take(bytes);
      checkElements(share);
      return addVectors(share, stream.elements.length);
    }
    const seed = take(SEED_BYTES);
    takeRoom(room, bytes);
    const share = seededShare(expand, scope, index, entry, seed, vectors * stream.elements.length);
    return addVectors(share, stream.elements.length);
  };
  const shares = new Uint8Array(count * shareBytes);
  for (const [place, entry] of entriesOfKeys(keys).entries()) shares.set(readOne(entry), place * shareBytes);
  if (at !== content.length) {
    throw wrongLength(`expected shares of ${count} readings of ${at} bytes`, content);
  }
  return shares;
}

function readVectorCount(bytes: Uint8Array, { count }: FlagEntry): number {
  const vectors = bytes.reduce((number, byte) => number * 256 + byte, 0);
  if (vectors === 1 || (vectors === count && count <= BATCH_READINGS_MAX)) return vectors;
  throw new EngineError(
    'WRONG_VECTOR_LENGTH',
    `expected one vector, or ${count} and at most ${BATCH_READINGS_MAX}, for ${count} readings, got ${vectors}`,
  );
}

function takeRoom(room: SeedRoom, bytes: number): void {
  if (bytes > SENSOR_BODY_BYTES_MAX) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected a seed for at most ${SENSOR_BODY_BYTES_MAX} bytes, got one for ${bytes}`,
    );
  }
  // Others of the request wait for their next try; nothing of them is decided.
  if (bytes > room.bytesLeft) throw new EngineError('RATE_LIMITED', 'expected fewer seeds in one request');
  room.bytesLeft -= bytes;
}

function wrongLength(expected: string, content: Uint8Array): EngineError {
  return new EngineError('WRONG_VECTOR_LENGTH', `${expected}, got ${content.length} bytes`);
}
