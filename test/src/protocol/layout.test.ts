import { describe, expect, it } from 'vitest';
import {
  bigEndian,
  concat,
  EngineError,
  equalBytes,
  InvariantViolation,
} from '../../../src/foundation/index.ts';
import {
  decodeVersioned,
  encodeVersioned,
  fixedBytes,
  flag,
  hexBytes,
  type Layout,
  list,
  oneOf,
  optional,
  record,
  refined,
  sizedBytes,
  streamHashLayout,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../../../src/protocol/layout.ts';
import { fc, test } from '../../support/property.ts';

const VERSION = 7;
const write = <T>(layout: Layout<T>, value: T): number[] => [
  ...encodeVersioned(layout, VERSION, value).slice(1),
];
const read = <T>(layout: Layout<T>, ...bytes: readonly number[]): T =>
  decodeVersioned(layout, VERSION, Uint8Array.of(VERSION, ...bytes));

function refused(layout: Layout<unknown>, ...bytes: readonly number[]): string {
  try {
    read(layout, ...bytes);
  } catch (error) {
    if (error instanceof EngineError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('expected bytes that are refused');
}

describe('integers', () => {
  it('are big-endian in their width', () => {
    expect(write(u8, 255)).toEqual([255]);
    expect(write(u16, 0x0102)).toEqual([1, 2]);
    expect(write(u32, 0x01020304)).toEqual([1, 2, 3, 4]);
    expect(write(u64, 2 ** 53 - 1)).toEqual([0, 31, 255, 255, 255, 255, 255, 255]);
  });

  it('above 2^53 are refused, because a number of the language would be a neighbour of them', () => {
    expect(read(u64, 0, 31, 255, 255, 255, 255, 255, 255)).toBe(Number.MAX_SAFE_INTEGER);
    expect(refused(u64, 0, 32, 0, 0, 0, 0, 0, 0)).toMatch(/^MALFORMED_BODY/);
    expect(refused(u64, 255, 255, 255, 255, 255, 255, 255, 255)).toMatch(/^MALFORMED_BODY/);
  });

  test.prop([fc.maxSafeNat(), fc.constantFrom(1, 2, 4, 8)])(
    'have the bytes of plain division, or are a mistake of the writer where those do not fit',
    (value, width) => {
      const layout = { 1: u8, 2: u16, 4: u32, 8: u64 }[width]!;
      const small = value % 256 ** (1 + (value % width));
      expect(write(layout, small)).toEqual([...bigEndian(small, width)]);
      expect(read(layout, ...bigEndian(small, width))).toBe(small);
      if (value >= 256 ** width) expect(() => write(layout, value)).toThrow(InvariantViolation);
    },
  );

  it.each([-1, 256, 1.5, Number.NaN])('that do not fit, such as %s, are a mistake of the writer', (value) => {
    expect(() => write(u8, value)).toThrow(InvariantViolation);
  });
});

describe('bytes', () => {
  it('of a fixed number carry no length', () => {
    expect(write(fixedBytes(3), Uint8Array.of(1, 2, 3))).toEqual([1, 2, 3]);
    expect(() => write(fixedBytes(3), Uint8Array.of(1))).toThrow(InvariantViolation);
    expect(refused(fixedBytes(3), 1, 2)).toBe('MALFORMED_BODY: expected 3 more bytes, got 2');
  });

  it('of a free number stand behind their length and keep within their limit', () => {
    const layout = sizedBytes(2);
    expect(write(layout, Uint8Array.of(9))).toEqual([0, 0, 0, 1, 9]);
    expect(() => write(layout, new Uint8Array(3))).toThrow(InvariantViolation);
    expect(refused(layout, 0, 0, 0, 3, 1, 2, 3)).toBe('MALFORMED_BODY: expected at most 2 bytes, got 3');
    expect(refused(layout, 255, 255, 255, 255)).toMatch(/^MALFORMED_BODY: expected at most 2/);
  });

  it('read from a body stay what they were when the body is written over', () => {
    const body = Uint8Array.of(VERSION, 1, 2);
    const value = decodeVersioned(fixedBytes(2), VERSION, body);
    body.fill(0);
    expect(value).toEqual(Uint8Array.of(1, 2));
  });

  it('shown as hex are lower case', () => {
    expect(read(hexBytes(2), 0xab, 0x01)).toBe('ab01');
    expect(write(hexBytes(2), 'ab01')).toEqual([0xab, 1]);
    expect(() => write(hexBytes(2), 'ab')).toThrow(InvariantViolation);
    expect(read(streamHashLayout, ...new Uint8Array(32).fill(0xab))).toBe('ab'.repeat(32));
  });
});

describe('a text', () => {
  it('is limited in bytes, not in characters', () => {
    expect(write(text(2), 'é')).toEqual([0, 0, 0, 2, 0xc3, 0xa9]);
    expect(() => write(text(2), 'éé')).toThrow(InvariantViolation);
  });

  it.each([
    ['a byte of no character', [0xff]],
    ['half a character', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('is refused with %s', (_, bytes) => {
    expect(refused(text(8), 0, 0, 0, bytes.length, ...bytes)).toMatch(/^MALFORMED_TEXT/);
  });

  it('keeps a byte order mark, so that no text has two spellings', () => {
    expect(read(text(8), 0, 0, 0, 4, 0xef, 0xbb, 0xbf, 0x61)).toBe('\ufeffa');
  });
});

describe('a choice', () => {
  it('of two is 0 or 1', () => {
    expect(write(flag, true)).toEqual([1]);
    expect(refused(flag, 2)).toBe('MALFORMED_BODY: expected 0 or 1, got 2');
  });

  it('of words is the place of the word', () => {
    const layout = oneOf('first', 'second');
    expect(write(layout, 'second')).toEqual([1]);
    expect(refused(layout, 2)).toBe('MALFORMED_BODY: expected a number below 2, got 2');
    expect(() => write(layout as Layout<string>, 'third')).toThrow(InvariantViolation);
  });

  it('between a value and nothing is behind one byte', () => {
    expect(write(optional(u8), null)).toEqual([0]);
    expect(write(optional(u8), 0)).toEqual([1, 0]);
    expect(refused(optional(u8), 0, 0)).toMatch(/expected the end of the body, got 1 more/);
    expect(refused(optional(u8), 3, 0)).toMatch(/expected 0 or 1/);
  });
});

describe('a list', () => {
  it('stands behind its number of items and keeps within its limit', () => {
    const layout = list(u16, 2);
    expect(write(layout, [1, 2])).toEqual([0, 0, 0, 2, 0, 1, 0, 2]);
    expect(() => write(layout, [1, 2, 3])).toThrow(InvariantViolation);
    expect(refused(layout, 0, 0, 0, 3)).toBe('MALFORMED_BODY: expected at most 2 items, got 3');
    expect(refused(layout, 0, 0, 0, 2, 0, 1)).toMatch(/expected 2 more bytes, got 0/);
  });
});

describe('a record', () => {
  it('is its fields in the order they are declared, whatever order the value has them in', () => {
    const layout = record({ a: u8, b: u16 });
    expect(write(layout, { b: 2, a: 1 })).toEqual([1, 0, 2]);
    expect(read(layout, 1, 0, 2)).toEqual({ a: 1, b: 2 });
  });
});

test.prop([fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 })])(
  'a body is its parts one after another, however often its room has to grow',
  (parts) => {
    const body = encodeVersioned(list(sizedBytes(200), 20), VERSION, parts);
    const plain = parts.map((part) => concat(bigEndian(part.length, 4), part));
    expect(body).toEqual(concat(Uint8Array.of(VERSION), bigEndian(parts.length, 4), ...plain));
    expect(body.buffer.byteLength).toBe(body.length);
  },
);

describe('a refined value', () => {
  it('is refused by its own rule', () => {
    const even = refined(u8, (value) => {
      if (value % 2 === 0) return value;
      throw new EngineError('SCHEMA_MISMATCH', 'expected an even number');
    });
    expect(read(even, 4)).toBe(4);
    expect(refused(even, 5)).toBe('SCHEMA_MISMATCH: expected an even number');
  });
});

describe('a versioned body', () => {
  test.prop([fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 3 })])(
    'is refused under another version before anything in it is read',
    (version, bytes) => {
      fc.pre(version !== VERSION);
      const body = Uint8Array.of(version, ...bytes);
      expect(() => decodeVersioned(u32, VERSION, body)).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
      );
    },
  );

  it('is refused when it has no byte at all', () => {
    expect(() => decodeVersioned(u8, VERSION, new Uint8Array(0))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_BODY' }),
    );
  });
});

test.prop(
  [
    fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 16_383, 16_384, 20_000)), {
      maxLength: 6,
    }),
  ],
  { numRuns: 50 },
)('bytes of any length lie one after another and come back as they were', (parts) => {
  const layout = list(record({ number: u8, bytes: sizedBytes(20_000), last: u16 }), 6);
  const values = parts.map(([number, length]) => {
    return { number, bytes: new Uint8Array(length).fill(number), last: length };
  });
  const body = encodeVersioned(layout, VERSION, values);
  const plain = values.map(({ number, bytes, last }) =>
    concat(Uint8Array.of(number), bigEndian(bytes.length, 4), bytes, bigEndian(last, 2)),
  );
  const expected = concat(Uint8Array.of(VERSION), bigEndian(values.length, 4), ...plain);
  expect(equalBytes(body, expected)).toBe(true);
  const back = decodeVersioned(layout, VERSION, body);
  expect(back.map(({ number, last }) => [number, last])).toEqual(parts);
  for (const [place, { bytes }] of values.entries()) {
    expect(equalBytes(back[place]?.bytes ?? body, bytes)).toBe(true);
  }
});
