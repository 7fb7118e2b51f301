import {
  addElements,
  balanced,
  checkElements,
  createElementPool,
  encodeElements,
  type FieldElement,
  fieldElement,
  formatExactDecimal,
  formatRational,
  formatSquareRoot,
  MODULUS,
  multiplyElements,
  negateElement,
  POOL_BYTES,
  parseDecimal,
  rationalText,
  subtractElements,
} from '../../../src/arithmetic/index.ts';
import { EngineError, fromHex, labelledHash, toHex, utf8 } from '../../../src/foundation/index.ts';
import {
  combine,
  encodeReading,
  momentElements,
  type Reading,
  type ReadingSchema,
  split,
} from '../../../src/sharing/index.ts';
import {
  ambiguityBits,
  checkCapacity,
  checkPlausible,
  leastSensors,
  momentsOf,
  resultDocument,
  univariate,
} from '../../../src/statistics/index.ts';

/** The vector files of arithmetic, sharing and statistics, by file name. */
export function coreVectors(): Record<string, unknown> {
  return {
    'field.json': fieldVectors(),
    'share.json': shareVectors(),
    'fixed-point.json': fixedPointVectors(),
    'statistics.json': statisticsVectors(),
  };
}

/** How every vector file is written. */
export function vectorText(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

const P = MODULUS;

function fieldVectors(): unknown {
  const pairs: readonly (readonly [bigint, bigint])[] = [
    [0n, 0n],
    [1n, -1n],
    [P - 1n, P - 1n],
    [(P - 1n) / 2n, (P + 1n) / 2n],
    [2n ** 64n, 2n ** 64n],
    [2n ** 127n, 2n ** 127n],
    [-(10n ** 30n), 123_456_789n],
    [0x0123456789abcdef0123456789abcdefn, 0xfedcba9876543210fedcba987654321n],
  ];
  const bytesRefused = [
    'ff'.repeat(16),
    `01${'00'.repeat(7)}e4${'ff'.repeat(7)}`,
    `00${'00'.repeat(7)}e5${'ff'.repeat(7)}`,
    `${'00'.repeat(16)}02${'00'.repeat(7)}e4${'ff'.repeat(7)}`,
    '00'.repeat(15),
    '00'.repeat(17),
  ];
  return {
    about: 'Field128: p = 2^66 * 4611686018427387897 + 1; elements are 16 bytes, little-endian, below p.',
    modulus: P.toString(),
    arithmetic: pairs.map(([first, second]) => {
      const [a, b] = [fieldElement(first), fieldElement(second)];
      return {
        a: a.toString(),
        b: b.toString(),
        sum: addElements(a, b).toString(),
        difference: subtractElements(a, b).toString(),
        product: multiplyElements(a, b).toString(),
        negated: negateElement(a).toString(),
        balanced: balanced(a).toString(),
        encoded: toHex(encodeElements([a, b])),
      };
    }),
    refused: bytesRefused.map((bytes) => ({ bytes, code: codeOf(() => checkElements(fromHex(bytes))) })),
  };
}

function shareVectors(): unknown {
  const refusedDraw = 'ff'.repeat(16);
  const cases: readonly (readonly [string, readonly bigint[], number, string])[] = [
    ['count, x and x^2 of 21.5 in tenths among three domains', [1n, 215n, 46_225n], 3, randomness('a', 96)],
    ['a negative reading between two domains', [1n, -155n, 24_025n], 2, randomness('b', 48)],
    ['masks of zero leave the vector in the last share', [1n, 2n, 4n], 2, '00'.repeat(48)],
    [
      'a draw of p or more is skipped',
      [1n, 7n],
      2,
      refusedDraw + randomness('c', 16) + refusedDraw + randomness('d', 16),
    ],
    ['the largest mask and the smallest vector', [0n], 2, toHex(encodeElements([fieldElement(-1n)]))],
    ['eight domains', [1n, (P - 1n) / 2n, -1n, 2n ** 96n], 8, randomness('e', 448)],
  ];
  return {
    about:
      'All shares but the last are the randomness in order, 16 bytes per element, draws of p or more skipped; ' +
      'the last is the vector minus their sum, modulo p.',
    cases: cases.map(([name, integers, domains, random]) => {
      const vector = integers.map(fieldElement);
      const shares = split(vector, domains, createElementPool(replay(random)));
      return {
        name,
        domains,
        vector: texts(vector),
        randomness: random,
        shares: shares.map(toHex),
        combined: texts(combine(shares)),
      };
    }),
  };
}

const TEMPERATURE = { name: 'temperature', unit: 'C', decimals: 1, offset: '0', min: '-50', max: '60' };
const PRESSURE = { name: 'pressure', unit: 'hPa', decimals: 2, offset: '1013.25', min: '800', max: '1100' };

function fixedPointVectors(): unknown {
  const one: ReadingSchema = { fields: [PRESSURE], elements: momentElements([PRESSURE], 2) };
  const fields = [TEMPERATURE, PRESSURE];
  const two: ReadingSchema = { fields, elements: momentElements(fields, 2) };
  const cells: ReadingSchema = {
    fields: [TEMPERATURE],
    elements: [
      { kind: 'count' },
      { kind: 'cell', field: 'temperature', from: '-50', to: '0' },
      { kind: 'cell', field: 'temperature', from: '0', to: '25.5' },
      { kind: 'cell', field: 'temperature', from: '25.5', to: '60.1' },
    ],
  };
  const cases: readonly (readonly [string, ReadingSchema, readonly Reading[]])[] = [
    [
      'one field with an offset',
      one,
      [
        1013.25,
        '1013.25',
        '1020',
        '800.00',
        1100,
        '9.9e2',
        '+1013.2500',
        '',
        '1e',
        'NaN',
        '1013.255',
        '799.99',
        '1e400',
      ],
    ],
    [
      'two fields with all products',
      two,
      [
        { temperature: 21.5, pressure: 1000 },
        { temperature: '-0.1', pressure: '1013.26' },
        { temperature: 1 },
        21.5,
      ],
    ],
    ['cells', cells, [-50, '-0.1', 0, 25.4, 25.5, 60]],
  ];
  return {
    about:
      'A reading x is stored as (x - offset) * 10^decimals; each element is evaluated at the stored integers.',
    cases: cases.map(([name, schema, readings]) => ({
      name,
      schema,
      readings: readings.map((reading) => {
        const code = codeOf(() => encodeReading(schema, reading));
        return code === undefined
          ? { reading, vector: texts(encodeReading(schema, reading)) }
          : { reading, code };
      }),
    })),
  };
}

function statisticsVectors(): unknown {
  const wide = { name: 'x', unit: '', decimals: 1, offset: '0', min: '0', max: '20000000' };
  const sets: readonly (readonly [string, typeof wide, readonly string[]])[] = [
    ['three readings', wide, ['1', '2.5', '4']],
    ['one reading', wide, ['21.5']],
    ['large readings that differ little', wide, ['10000000.2', '10000000.1', '10000000.3']],
    ['an offset', { ...wide, offset: '10000000' }, ['10000000.2', '10000000.1', '10000000.3', '9999999.9']],
    ['below zero', TEMPERATURE, ['-12.5', '0', '12.4', '-0.1', '-50', '60', '33.3']],
  ];
  const formats: readonly (readonly [string, number])[] = [
    ['0', 5],
    ['123.4500', 30],
    ['2.5', 1],
    ['3.5', 1],
    ['-99999', 4],
    ['0.0000001', 30],
    ['0.00000001', 30],
    ['123456789', 9],
    ['123456789', 8],
    ['2', 30],
    ['1e40', 30],
  ];
  const grid = { name: 'x', unit: '', decimals: 0, offset: '0', min: '0', max: '40' };
  return {
    about:
      'Exact statistics of readings; decimals and roots are rounded half to even to 30 significant digits.',
    results: sets.map(([name, field, readings]) => {
      const schema: ReadingSchema = { fields: [field], elements: momentElements([field], 2) };
      const sums = combine(readings.map((reading) => encodeElements(encodeReading(schema, reading))));
      checkPlausible(schema, sums, readings.length);
      const result = resultDocument(univariate(momentsOf(schema, sums), field.name), { digits: 30 });
      return { name, field, readings, sums: texts(sums), result };
    }),
    formats: formats.map(([text, digits]) => {
      const value = parseDecimal(text);
      return {
        text,
        digits,
        fraction: rationalText(value),
        exact: formatExactDecimal(value),
        rounded: formatRational(value, { digits }),
        root: value.numerator < 0n ? null : formatSquareRoot(value, { digits }),
      };
    }),
    capacity: [1, 2, 3, 4].map((degree) => {
      const schema: ReadingSchema = { fields: [wide], elements: momentElements([wide], degree) };
      const { elements, limit, maxReadingsLimit } = checkCapacity(schema, 1000);
      return {
        degree,
        maxReadings: 1000,
        largestSums: elements.map(({ largestSum }) => largestSum.toString()),
        limit: limit.toString(),
        maxReadingsLimit: maxReadingsLimit.toString(),
      };
    }),
    ambiguity: [2, 3, 4].map((degree) => {
      const schema: ReadingSchema = { fields: [grid], elements: momentElements([grid], degree) };
      // Logarithms may differ in the last bits between machines, whole tenths do not.
      const bitsOf8 = Number(ambiguityBits(schema, 8).toFixed(1));
      return { degree, leastSensors: leastSensors(schema), bitsOf8 };
    }),
  };
}

/** `length` fixed bytes in hex, named so that nobody takes them for random. */
function randomness(name: string, length: number): string {
  let text = '';
  for (let block = 0; text.length < 2 * length; block++) {
    text += toHex(labelledHash('test-vector', utf8(name), utf8(String(block))));
  }
  return text.slice(0, 2 * length);
}

/** A generator that replays the bytes and then returns zeros, which the case never uses. */
function replay(hex: string): (length: number) => Uint8Array {
  return () => {
    const bytes = new Uint8Array(POOL_BYTES);
    bytes.set(fromHex(hex));
    return bytes;
  };
}

function texts(vector: readonly FieldElement[]): string[] {
  return vector.map(String);
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return undefined;
}
