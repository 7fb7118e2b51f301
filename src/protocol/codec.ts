import { EngineError, fromUtf8, type Schema, utf8, validatorOf } from '../foundation/index.ts';
import type { Layout } from './layout.ts';
import { decodeVersioned, encodeVersioned } from './layout.ts';

export const JSON_CONTENT = 'application/json';
export const BINARY_CONTENT = 'application/octet-stream';

/** The version byte in front of every binary body of this protocol. */
export const WIRE_VERSION = 1;

/** Turns a message into bytes and back; `decode` is the one place where wire data is checked. */
export interface Codec<T> {
  readonly contentType: string;
  encode(value: T): Uint8Array;
  /** @throws EngineError when the bytes are not exactly one such message. */
  decode(bytes: Uint8Array): T;
}

export function binaryCodec<T>(layout: Layout<T>): Codec<T> {
  return {
    contentType: BINARY_CONTENT,
    encode: (value) => encodeVersioned(layout, WIRE_VERSION, value),
    decode: (bytes) => decodeVersioned(layout, WIRE_VERSION, bytes),
  };
}

/** JSON of one schema; unknown fields are refused because every object schema is closed. */
export function jsonCodec<T>(schema: Schema<T>): Codec<T> {
  const check = schemaCheck(schema);
  return {
    contentType: JSON_CONTENT,
    encode: (value) => utf8(JSON.stringify(value)),
    decode: (bytes) => check(parseJson(bytes)),
  };
}

/** A request without content, as GET operations have it. */
export const emptyCodec: Codec<null> = {
  contentType: JSON_CONTENT,
  encode: () => new Uint8Array(0),
  decode: (bytes) => {
    if (bytes.length > 0)
      throw new EngineError('MALFORMED_BODY', `expected no body, got ${bytes.length} bytes`);
    return null;
  },
};

/** @throws EngineError `MALFORMED_TEXT` */
export function parseJson(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  try {
    return JSON.parse(text);
  } catch {
    throw new EngineError('MALFORMED_TEXT', `expected JSON, got ${bytes.length} bytes that are not`);
  }
}

/** @throws EngineError `SCHEMA_MISMATCH` from the returned function, naming the place and what was expected. */
export function schemaCheck<T>(schema: Schema<T>): (value: unknown) => T {
  const validator = validatorOf(schema);
  return (value) => {
    if (validator.check(value)) return value;
    const [first] = validator.errors(value);
    const place = first?.instancePath || '/';
    throw new EngineError('SCHEMA_MISMATCH', `at ${place}: ${first?.message ?? 'expected another type'}`, {
      place,
    });
  };
}
