import { EngineError, toHex } from '../../../src/foundation/index.ts';
import type { FlagEntry } from '../../../src/protocol/index.ts';
import { digestOf, flagKeyBytes, readingId, sensorId } from '../../../src/protocol/index.ts';
import { context, messageSamples, named, type Sample } from './message-samples.ts';

/** The files of this part of the format, by name; everything in them is fixed. */
export function protocolVectors(): Record<string, unknown> {
  const samples = messageSamples();
  return {
    'messages.json': {
      about:
        'Every binary message: the bytes of a value, and bytes that must be refused. Bytes are shown as hex, integers are big-endian; PROTOCOL.md has the layouts.',
      messages: samples.map(({ message, value, bytes }) => ({
        message,
        bytes: toHex(bytes),
        value: shown(value),
      })),
      refused: refusedBytes(samples),
      flagKeys: flagKeys(),
      setHashes: setHashes(),
    },
  };
}

/** A value as JSON has it. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)]));
}

/** How bytes are spoilt: what is written where, or where they end. */
type Fault = (bytes: Uint8Array) => Uint8Array;

const write =
  (at: number, ...put: readonly number[]): Fault =>
  (bytes) => {
    const spoilt = bytes.slice();
    spoilt.set(put, at);
    return spoilt;
  };
const cut =
  (from: number, to: number): Fault =>
  (bytes) =>
    bytes.slice(from, to);
const append: Fault = (bytes) => Uint8Array.of(...bytes, 0);

/** Places in a body that begins with a version and a context. */
const AT = { version: 0, epoch: 1, window: 41, partition: 51, afterPartition: 53 };

/** One fault of each kind; the message they are shown at is the simplest that has the part. */
const FAULTS: readonly (readonly [string, string, Fault])[] = [
  ['no byte at all', 'kept', cut(0, 0)],
  ['the version of no format', 'kept', write(AT.version, 0)],
  ['the version of a later format', 'flags request', write(AT.version, 2)],
  ['the last byte is missing', 'flags request', cut(0, -1)],
  ['a byte too many', 'flags request', append],
  ['a byte too many behind a yes or no', 'kept', append],
  ['neither yes nor no', 'kept', write(1, 2)],
  ['epoch 0', 'context only', write(AT.epoch, 0, 0, 0, 0)],
  ['a window at 2^53', 'context only', write(AT.window, 0, 0x20, 0, 0, 0, 0, 0, 0)],
  ['partition 1,024', 'flags request', write(AT.partition, 4, 0)],
  ['4,097 flags announced', 'flags request', write(AT.afterPartition, 0, 0, 0x10, 0x01)],
  ['2^32 - 1 flags announced', 'flags request', write(AT.afterPartition, 255, 255, 255, 255)],
  ['more flags announced than there are', 'flags request', write(AT.afterPartition, 0, 0, 0, 3)],
  ['fewer flags announced than there are', 'flags request', write(AT.afterPartition, 0, 0, 0, 1)],
  ['257 rows announced', 'compare request', write(AT.afterPartition, 0, 0, 1, 1)],
  ['a kind of request that is none', 'vote request', write(AT.afterPartition, 3)],
  ['an outcome that is none', 'outcomes', write(5, 3)],
  ['shares over 8,388,608 bytes announced', 'copy request', write(AT.afterPartition + 77, 0, 0x80, 0, 1)],
  ['1,025 packets announced', 'upload request', write(AT.afterPartition + 1, 0, 0, 4, 1)],
  ['4,097 readings of a packet announced', 'upload request', write(AT.afterPartition + 152, 0, 0, 0x10, 1)],
  ['a domain with a capital', 'released row', write(47, 0x43)],
  ['a domain that is not UTF-8', 'released row', write(47, 0xff)],
];

function refusedBytes(samples: readonly Sample[]): unknown {
  return FAULTS.map(([why, message, fault]) => {
    const sample = samples.find((one) => one.message === message);
    if (sample === undefined) throw new Error(`expected a sample of ${message}`);
    const bytes = fault(sample.bytes);
    return { why, message, bytes: toHex(bytes), code: refusalOf(sample, bytes) };
  });
}

function refusalOf(sample: Sample, bytes: Uint8Array): string {
  try {
    sample.decode(bytes);
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  throw new Error(`expected bytes of ${sample.message} that are refused`);
}

function entries(number: number): FlagEntry[] {
  return Array.from({ length: number }, (_, i) => ({
    readingId: readingId(named(`reading ${i}`, 16)),
    sensorId: sensorId(named(`sensor ${i}`, 16)),
    count: i + 1,
  }));
}

function flagKeys(): unknown {
  const { stream, window } = context;
  return entries(3).map((entry, group) => ({
    scope: { stream, window, group },
    entry: shown(entry),
    key: toHex(flagKeyBytes({ stream, window, group }, entry)),
  }));
}

function setHashes(): unknown {
  const key = named('set hash key', 32);
  return [0, 1, 2, 50].map((number) => ({
    key: toHex(key),
    entries: shown(entries(number)),
    digest: shown(digestOf(key, entries(number))),
  }));
}
