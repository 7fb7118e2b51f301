import { concat, EngineError, fromHex, fromUtf8, invariant, toHex, utf8 } from '../foundation/index.ts';
import type { StreamHash } from '../ring/identifiers.ts';
import { streamHashBytes, streamHashFromBytes } from '../ring/identifiers.ts';

/**
 * How a value lies in bytes. All integers are big-endian; there is exactly one encoding of every value, so
 * equal values have equal bytes and a hash over them names the value.
 */
export interface Layout<T> {
  write(value: T, to: ByteWriter): void;
  /** @throws EngineError `MALFORMED_BODY` */
  read(from: ByteReader): T;
}

export type Value<L> = L extends Layout<infer T> ? T : never;

/** The largest array that the engine keeps among its objects; a flag's row fits, and a larger body is copied a few times. */
const WRITER_BYTES = 64;

/** Parts from here on are not copied while a body is read, and once while one is written. */
const LARGE_BYTES = 16_384;

/** Collects a body in one array that grows: an array per field would cost more than the field. */
export class ByteWriter {
  #bytes = new Uint8Array(WRITER_BYTES);
  #length = 0;
  /** What stands in front of the array: a large part lies there as it is until the body is whole. */
  readonly #before: Uint8Array[] = [];

  put(part: Uint8Array): void {
    if (part.length >= LARGE_BYTES) {
      this.#before.push(this.#bytes.subarray(0, this.#length), part);
      this.#bytes = new Uint8Array(WRITER_BYTES);
      this.#length = 0;
      return;
    }
    const at = this.#grow(part.length);
    this.#bytes.set(part, at);
  }

  integer(value: number, width: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, 'expected a non-negative safe integer');
    invariant(value < 256 ** width, 'expected a value that fits its width');
    const at = this.#grow(width);
    // Bits reach to 32; what is above them is taken by division.
    let low = value >>> 0;
    let high = (value - low) / 4_294_967_296;
    for (let i = width - 1; i >= 0; i--) {
      this.#bytes[at + i] = low;
      low = (low >>> 8) | (high << 24);
      high >>>= 8;
    }
  }

  /** All of it, when nothing more is put. */
  bytes(): Uint8Array {
    if (this.#before.length > 0) return concat(...this.#before, this.#bytes.subarray(0, this.#length));
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  /** Makes room for `more` bytes; where they begin. */
  #grow(more: number): number {
    const at = this.#length;
    this.#length = at + more;
    if (this.#length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      wider.set(this.#bytes.subarray(0, at));
      this.#bytes = wider;
    }
    return at;
  }
}

/** Walks a body with a bound on every step. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.slice(at, at + length);
  }

  /** The same; a {@link part} where they are many. */
  takePart(length: number): Uint8Array {
    return length < LARGE_BYTES ? this.take(length) : this.part(length);
  }

  /** Not a copy but a part of the body, which lives as long as it does. */
  part(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  integer(width: number): number {
    const at = this.#advance(width);
    let value = 0;
    for (let i = at; i < at + width; i++) value = value * 256 + (this.#bytes[i] ?? 0);
    if (!Number.isSafeInteger(value)) throw malformed('expected an integer below 2^53');
    return value;
  }

  finish(): void {
    const left = this.#bytes.length - this.#at;
    if (left !== 0) throw malformed(`expected the end of the body, got ${left} more bytes`);
  }

  /** Steps over `length` bytes; where they begin. */
  #advance(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) throw malformed(`expected ${length} more bytes, got ${left}`);
    this.#at = at + length;
    return at;
  }
}

function malformed(message: string): EngineError {
  return new EngineError('MALFORMED_BODY', message);
}

function integer(width: number): Layout<number> {
  return {
    write: (value, to) => to.integer(value, width),
    read: (from) => from.integer(width),
  };
}

export const u8: Layout<number> = integer(1);
export const u16: Layout<number> = integer(2);
export const u32: Layout<number> = integer(4);
export const u64: Layout<number> = integer(8);

/** One byte, 0 or 1. */
export const flag: Layout<boolean> = {
  write: (value, to) => to.integer(value ? 1 : 0, 1),
  read: (from) => {
    const byte = from.integer(1);
    if (byte > 1) throw malformed(`expected 0 or 1, got ${byte}`);
    return byte === 1;
  },
};

/** A fixed number of bytes. */
export function fixedBytes(length: number): Layout<Uint8Array> {
  return {
    write: (value, to) => {
      invariant(value.length === length, `expected ${length} bytes to write, got ${value.length}`);
      to.put(value);
    },
    read: (from) => from.take(length),
  };
}

/** The same as a part of the body, which lives as long as it does: a copy of over 64 bytes lies outside the engine's heap. */
export function bytesInBody(length: number): Layout<Uint8Array> {
  return { write: fixedBytes(length).write, read: (from) => from.part(length) };
}

/** Up to `max` bytes behind their length in four bytes. */
export function sizedBytes(max: number): Layout<Uint8Array> {
  return {
    write: (value, to) => {
      invariant(value.length <= max, `expected at most ${max} bytes to write, got ${value.length}`);
      to.integer(value.length, 4);
      to.put(value);
    },
    read: (from) => {
      const length = from.integer(4);
      if (length > max) throw malformed(`expected at most ${max} bytes, got ${length}`);
      return from.takePart(length);
    },
  };
}

/** UTF-8 of up to `maxBytes` bytes behind its length. */
export function text(maxBytes: number): Layout<string> {
  const bytes = sizedBytes(maxBytes);
  return {
    write: (value, to) => bytes.write(utf8(value), to),
    read: (from) => fromUtf8(bytes.read(from)),
  };
}

/** A fixed number of bytes shown as lower-case hex in memory. */
export function hexBytes(length: number): Layout<string> {
  return {
    write: (value, to) => {
      invariant(
        value.length === 2 * length,
        `expected ${2 * length} hex digits to write, got ${value.length}`,
      );
      to.put(fromHex(value));
    },
    read: (from) => toHex(from.take(length)),
  };
}

export const streamHashLayout: Layout<StreamHash> = {
  write: (value, to) => to.put(streamHashBytes(value)),
  read: (from) => streamHashFromBytes(from.take(32)),
};

/** Up to `max` items behind their number in four bytes. */
export function list<T>(item: Layout<T>, max: number): Layout<readonly T[]> {
  return {
    write: (values, to) => {
      invariant(values.length <= max, `expected at most ${max} items to write, got ${values.length}`);
      to.integer(values.length, 4);
      for (const value of values) item.write(value, to);
    },
    read: (from) => {
      const length = from.integer(4);
      if (length > max) throw malformed(`expected at most ${max} items, got ${length}`);
      const values: T[] = [];
      for (let i = 0; i < length; i++) values.push(item.read(from));
      return values;
    },
  };
}

/** A value or null, behind one byte that says which. */
export function optional<T>(item: Layout<T>): Layout<T | null> {
  return {
    write: (value, to) => {
      flag.write(value !== null, to);
      if (value !== null) item.write(value, to);
    },
    read: (from) => (flag.read(from) ? item.read(from) : null),
  };
}

/** One of the given words, as its place in the list. */
export function oneOf<const W extends readonly string[]>(...words: W): Layout<W[number]> {
  return {
    write: (value, to) => {
      const index = words.indexOf(value);
      invariant(index >= 0, `expected one of ${words.join(', ')}`);
      to.integer(index, 1);
    },
    read: (from) => {
      const index = from.integer(1);
      const word = words[index];
      if (word === undefined) throw malformed(`expected a number below ${words.length}, got ${index}`);
      return word;
    },
  };
}

type Fields = Readonly<Record<string, Layout<unknown>>>;
type RecordOf<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

/** The fields one after another, in the order they are written here. */
export function record<F extends Fields>(fields: F): Layout<RecordOf<F>> {
  const entries = Object.entries(fields);
  return {
    write: (value, to) => {
      for (const [name, layout] of entries) layout.write(value[name], to);
    },
    read: (from) => {
      // Not Object.fromEntries: an object that grows in one order gets one shape, and reads as fast as a literal.
      const values: Record<string, unknown> = {};
      for (const [name, layout] of entries) values[name] = layout.read(from);
      return values as RecordOf<F>;
    },
  };
}

/** Turns a layout of plain values into one of branded or otherwise refined values. */
export function refined<T, U extends T>(plain: Layout<T>, refine: (value: T) => U): Layout<U> {
  return { write: (value, to) => plain.write(value, to), read: (from) => refine(plain.read(from)) };
}

/** Bytes of one value behind the format version. */
export function encodeVersioned<T>(layout: Layout<T>, version: number, value: T): Uint8Array {
  const to = new ByteWriter();
  to.integer(version, 1);
  layout.write(value, to);
  return to.bytes();
}

/** @throws EngineError `UNSUPPORTED_VERSION`, `MALFORMED_BODY` */
export function decodeVersioned<T>(layout: Layout<T>, version: number, bytes: Uint8Array): T {
  const from = new ByteReader(bytes);
  const found = from.integer(1);
  if (found !== version) {
    throw new EngineError('UNSUPPORTED_VERSION', `expected format version ${version}, got ${found}`);
  }
  const value = layout.read(from);
  from.finish();
  return value;
}
