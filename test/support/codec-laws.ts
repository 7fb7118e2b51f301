import { describe, expect } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import { WIRE_VERSION } from '../../src/protocol/index.ts';
import { fc, test } from './property.ts';

/** What a codec of the wire and one of a register value have in common. */
export interface BinaryCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const RUNS = { numRuns: 60 };

/**
 * What must hold for every binary message: nothing is lost on the way, equal values have equal bytes, and
 * whatever else arrives is refused with a code and never with a crash.
 */
export function describeBinaryCodec<T>(name: string, codec: BinaryCodec<T>, anyValue: fc.Arbitrary<T>): void {
  describe(`the binary message ${name}`, () => {
    test.prop([anyValue], RUNS)('comes back as it was sent', (value) => {
      const bytes = codec.encode(value);
      const decoded = codec.decode(bytes);
      expect(decoded).toEqual(value);
      expect(codec.encode(decoded)).toEqual(bytes);
    });

    test.prop([anyValue, fc.nat()], RUNS)('is refused when it ends too early', (value, at) => {
      const bytes = codec.encode(value);
      expect(refusal(codec, bytes.slice(0, at % bytes.length))).toBe('MALFORMED_BODY');
    });

    test.prop([anyValue, fc.uint8Array({ minLength: 1, maxLength: 4 })], RUNS)(
      'is refused when anything follows it',
      (value, extra) => {
        expect(refusal(codec, Uint8Array.of(...codec.encode(value), ...extra))).toBe('MALFORMED_BODY');
      },
    );

    test.prop(
      [anyValue, fc.integer({ min: 0, max: 255 }).filter((version) => version !== WIRE_VERSION)],
      RUNS,
    )('is refused under another format version', (value, version) => {
      const bytes = codec.encode(value);
      bytes[0] = version;
      expect(refusal(codec, bytes)).toBe('UNSUPPORTED_VERSION');
    });

    test.prop([anyValue, fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 200 })(
      'with a changed byte is refused, or is the only spelling of another value',
      (value, at, change) => {
        const bytes = codec.encode(value);
        const place = 1 + (at % (bytes.length - 1));
        bytes[place] = (bytes[place] ?? 0) ^ change;
        expectRefusedOrCanonical(codec, bytes);
      },
    );

    test.prop([fc.uint8Array({ maxLength: 120 })], { numRuns: 200 })(
      'made of arbitrary bytes is refused, or is the only spelling of a value',
      (bytes) => expectRefusedOrCanonical(codec, Uint8Array.of(WIRE_VERSION, ...bytes)),
    );
  });
}

/** The code a codec refuses bytes with, or null where it takes them. Anything but an EngineError is a crash. */
export function refusal(codec: BinaryCodec<unknown>, bytes: Uint8Array): string | null {
  try {
    codec.decode(bytes);
    return null;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

/** Two spellings of one value would give it two hashes, and two nodes two different digests of one decision. */
function expectRefusedOrCanonical<T>(codec: BinaryCodec<T>, bytes: Uint8Array): void {
  if (refusal(codec, bytes) === null) expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
}
