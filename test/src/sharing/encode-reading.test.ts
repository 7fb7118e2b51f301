import { expect } from 'vitest';
import { fieldElement } from '../../../src/arithmetic/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import {
  encodeReading,
  momentElements,
  type Reading,
  type ReadingSchema,
} from '../../../src/sharing/index.ts';
import { fc, test } from '../../support/property.ts';

const temperature = { name: 'temperature', unit: 'C', decimals: 1, offset: '20', min: '-40', max: '60.5' };
const humidity = { name: 'humidity', unit: '%', decimals: 0, offset: '0', min: '0', max: '100' };

function schemaOf(fields: ReadingSchema['fields'], degree = 2): ReadingSchema {
  return { fields, elements: momentElements(fields, degree) };
}

const single = schemaOf([temperature]);

function refusal(schema: ReadingSchema, reading: unknown): EngineError {
  try {
    encodeReading(schema, reading as Reading);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('expected the reading to be refused');
}

test.prop([
  fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  fc.integer({ min: 0, max: 9 }),
])(
  'a reading is stored as its distance from the offset in units of the last decimal',
  (x, offset, decimals) => {
    const text = (value: bigint) => `${value}e-${decimals}`;
    const field = { name: 'x', unit: '', decimals, offset: text(offset), min: '-1e13', max: '1e13' };
    const stored = x - offset;
    expect(encodeReading(schemaOf([field], 3), text(x))).toEqual(
      [1n, stored, stored ** 2n, stored ** 3n].map(fieldElement),
    );
  },
);

test.prop([fc.integer({ min: -400, max: 605 })])(
  'a number and its shortest text are one reading',
  (tenths) => {
    const number = tenths / 10;
    expect(encodeReading(single, number)).toEqual(encodeReading(single, String(number)));
    expect(encodeReading(single, number)[1]).toBe(fieldElement(BigInt(tenths) - 200n));
  },
);

test('several fields make all products, in the order of the elements', () => {
  const schema = schemaOf([humidity, temperature]);
  const [h, t] = [55n, -15n];
  expect(encodeReading(schema, { temperature: '18.5', humidity: 55 })).toEqual(
    [1n, h, t, h * h, h * t, t * t].map(fieldElement),
  );
});

test('cells are half open and a reading falls in exactly one', () => {
  const cell = (from: string, to: string) => ({ kind: 'cell', field: 'humidity', from, to }) as const;
  const schema: ReadingSchema = {
    fields: [humidity],
    elements: [{ kind: 'count' }, cell('0', '50'), cell('50', '100'), cell('100', '101')],
  };
  expect(encodeReading(schema, 0)).toEqual([1n, 1n, 0n, 0n]);
  expect(encodeReading(schema, '49')).toEqual([1n, 1n, 0n, 0n]);
  expect(encodeReading(schema, 50)).toEqual([1n, 0n, 1n, 0n]);
  expect(encodeReading(schema, 100)).toEqual([1n, 0n, 0n, 1n]);
});

test.each(['18.50', '18.5000000', '185e-1', '+18.5', '0018.5', '1.85E1'])(
  '%s is the reading 18.5, with no digit lost',
  (text) => {
    expect(encodeReading(single, text)).toEqual(encodeReading(single, 18.5));
  },
);

test.each([
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '',
  ' ',
  '1e',
  'NaN',
  '12,5',
  '0x12',
  '12.5 C',
  null,
  undefined,
  true,
  12n,
  () => 12,
  Symbol('12'),
])('%s is not a number', (reading) => {
  expect(refusal(single, reading).code).toBe('READING_NOT_A_NUMBER');
  expect(refusal(schemaOf([humidity, temperature]), { humidity: 5, temperature: reading }).code).toBe(
    'READING_NOT_A_NUMBER',
  );
});

test.each([
  [{}],
  [{ humidity: 5 }],
  [{ humidity: 5, temperature: 1, light: 2 }],
  [{ humidity: 5, light: 2 }],
  [7],
  [[1, 2]],
])('a reading with the wrong fields is refused: %j', (reading) => {
  expect(refusal(schemaOf([humidity, temperature]), reading).code).toBe('READING_NOT_A_NUMBER');
});

test('a field named like a property of every object must still be there', () => {
  const odd = schemaOf([
    { ...humidity, name: 'toString' },
    { ...humidity, name: '__proto__' },
  ]);
  expect(refusal(odd, {}).code).toBe('READING_NOT_A_NUMBER');
  expect(encodeReading(odd, JSON.parse('{"toString":1,"__proto__":2}')).slice(0, 3)).toEqual([1n, 1n, 2n]);
});

test.each([0.1 + 0.2, '18.55', '1e-2', '1e-300', '18.500000001', Number.MIN_VALUE])(
  '%s has too many decimals and is not rounded',
  (reading) => {
    expect(refusal(single, reading).code).toBe('READING_TOO_PRECISE');
  },
);

test.each([-40.1, 60.6, '1e400', 1e300, Number.MAX_VALUE, '-1e999999999999'])(
  '%s is out of bounds',
  (reading) => {
    expect(refusal(single, reading).code).toBe('READING_OUT_OF_BOUNDS');
  },
);

test('the bounds themselves are allowed', () => {
  expect(encodeReading(single, '-40.0')[1]).toBe(fieldElement(-600n));
  expect(encodeReading(single, 60.5)[1]).toBe(fieldElement(405n));
});

test('messages tell the rule and never the reading', () => {
  expect(refusal(single, '73.1931').message).toBe('field temperature: expected at most 1 decimal, got 4');
  expect(refusal(single, 731.9).message).toBe('field temperature: expected a reading from -40 to 60.5 C');
  expect(refusal(single, '73.19 C').message).toBe(
    'field temperature: expected a decimal number such as -12.5',
  );
  expect(refusal(single, { a: 731931 }).message).toBe(
    'expected a reading with exactly the fields temperature, got 1 fields',
  );
});

test.prop([fc.oneof(fc.double(), fc.string(), fc.bigInt().map(String))])(
  'whatever is refused, no message holds it',
  (reading) => {
    fc.pre(String(reading).length > 4);
    try {
      encodeReading(single, reading);
    } catch (error) {
      expect((error as EngineError).message).not.toContain(String(reading));
      expect(JSON.stringify((error as EngineError).details)).toBe('{}');
    }
  },
);
