import { expect } from 'vitest';
import { encodeElements } from '../../../src/arithmetic/index.ts';
import { concat, EngineError } from '../../../src/foundation/index.ts';
import type { ElementSchema, Reading, ReadingSchema } from '../../../src/sharing/index.ts';
import { encodeReading, encodeReadings, momentElements } from '../../../src/sharing/index.ts';
import { fc, test } from '../../support/property.ts';

const temperature = { name: 't', unit: 'C', decimals: 1, offset: '20', min: '-40', max: '60.5' };
const power = { name: 'p', unit: 'W', decimals: 3, offset: '0', min: '-99999999', max: '99999999' };
const long = { name: 'l', unit: '', decimals: 30, offset: '0', min: '-1', max: '1' };

const cells: readonly ElementSchema[] = [
  { kind: 'count' },
  { kind: 'cell', field: 't', from: '-50', to: '0' },
  { kind: 'cell', field: 't', from: '0', to: '61' },
];
const schemas: readonly ReadingSchema[] = [
  { fields: [temperature], elements: momentElements([temperature], 4) },
  { fields: [power], elements: momentElements([power], 4) },
  { fields: [long], elements: momentElements([long], 2) },
  { fields: [temperature, power], elements: momentElements([temperature, power], 3) },
  { fields: [temperature], elements: cells },
];

/** Numbers as people write them, and some that are not. */
const anyNumber = fc.oneof(
  fc.integer({ min: -400, max: 605 }).map((tenths) => tenths / 10),
  fc.integer({ min: -99_999_999, max: 99_999_999 }),
  fc.double(),
  fc.integer({ min: -400, max: 605 }).map((tenths) => `${tenths}e-1`),
  fc.stringMatching(/^-?[0-9]{0,6}(\.[0-9]{0,4})?$/),
  fc.stringMatching(/^[+-]?0*[0-9]{0,18}(\.[0-9]{0,18}0*)?(e[0-9])?$/),
  fc.constantFrom(
    '-0',
    '-0.0',
    '0',
    '000000000000000000007',
    '.5',
    '5.',
    '-',
    '.',
    '',
    ' 1',
    '1.0000000000000000',
  ),
);
const anyReading: fc.Arbitrary<Reading> = fc.oneof(
  anyNumber,
  fc.dictionary(fc.constantFrom('t', 'p', 'l', 'x'), anyNumber, { noNullPrototype: true }),
  fc.record({ t: anyNumber, p: anyNumber }),
);

/** The bytes, or the code of the refusal. */
function outcomeOf(encode: () => Uint8Array): unknown {
  try {
    return encode();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

test.prop([fc.constantFrom(...schemas), anyReading], { numRuns: 2_000 })(
  'a reading among many is encoded, or refused, as it is alone',
  (schema, reading) => {
    expect(outcomeOf(() => encodeReadings(schema, [reading]))).toEqual(
      outcomeOf(() => encodeElements(encodeReading(schema, reading))),
    );
  },
);

test.prop([
  fc.constantFrom(...schemas.slice(0, 2), schemas[4]!),
  fc.array(fc.integer({ min: -400, max: 605 }), { maxLength: 40 }),
])('the vectors of many readings follow one another', (schema, tenths) => {
  const readings = tenths.map((value, i) => (i % 2 === 0 ? value / 10 : (value / 10).toFixed(1)));
  expect(encodeReadings(schema, readings)).toEqual(
    concat(...readings.map((reading) => encodeElements(encodeReading(schema, reading)))),
  );
});

test('the refusal of one reading names its place and not its value', () => {
  const readings = ['20', '21.55', '22'];
  expect(() => encodeReadings(schemas[0]!, readings)).toThrow(
    expect.objectContaining({
      code: 'READING_TOO_PRECISE',
      message: expect.stringMatching(/^reading 1: field t: expected at most 1 decimal, got 2$/),
      details: { index: 1 },
    }),
  );
});

test('a member that a reading inherits is none of its own', () => {
  const inherited: Reading = Object.create({ t: 20 });
  expect(outcomeOf(() => encodeReadings(schemas[0]!, [inherited]))).toBe('READING_NOT_A_NUMBER');
});
