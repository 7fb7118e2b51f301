import { expect } from 'vitest';
import {
  addRational,
  compareRational,
  formatExactDecimal,
  formatRational,
  formatSquareRoot,
  multiplyRational,
  parseDecimal,
  type Rational,
  rational,
  subtractRational,
} from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

const anyRational = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 45n), max: 10n ** 45n }),
    fc.oneof(
      fc.bigInt({ min: 1n, max: 40n }),
      fc.bigInt({ min: 1n, max: 10n ** 40n }),
      fc.integer({ min: 0, max: 60 }).map((power) => 10n ** BigInt(power)),
    ),
  )
  .map(([numerator, denominator]) => rational(numerator, denominator));

const digitCounts = fc.integer({ min: 1, max: 40 });

/** One unit of the last of `digits` significant digits of a printed text, found from the text alone. */
function lastPlace(text: string, digits: number): Rational {
  const [significand = '', exponent = '0'] = text.replace(/^-/, '').split('e');
  const [whole = '', fraction = ''] = significand.split('.');
  const leadingZeros = (whole + fraction).search(/[1-9]/);
  const power = whole.length - 1 - leadingZeros + Number(exponent);
  return parseDecimal(`1e${power - digits + 1}`);
}

function significantDigits(text: string): string {
  return text.replace(/^-/, '').replace(/e.*$/, '').replace('.', '').replace(/^0+/, '');
}

const HALF = rational(1n, 2n);

test.prop([anyRational, digitCounts], { numRuns: 500 })(
  'a printed rational is the nearest of its digits, a tie goes to the even one, exact ones print shorter',
  (value, digits) => {
    const text = formatRational(value, { digits });
    const printed = parseDecimal(text);
    const difference = subtractRational(value, printed);
    if (difference.numerator === 0n) {
      expect(text).toMatch(
        /^(0|-?(0\.0*)?[1-9][0-9]*(\.[0-9]*[1-9])?|-?[1-9](\.[0-9]*[1-9])?e[+-][0-9]+|-?0\.[0-9]*[1-9])$/,
      );
      return;
    }
    expect(significantDigits(text)).toHaveLength(digits);
    const half = multiplyRational(HALF, lastPlace(text, digits));
    const size = {
      ...difference,
      numerator: difference.numerator < 0n ? -difference.numerator : difference.numerator,
    };
    // Rounding up to a power of ten lands where the last place is ten times as wide; the value lies below it.
    expect(compareRational(size, half)).toBeLessThanOrEqual(0);
    if (compareRational(size, half) === 0) expect(Number(significantDigits(text).at(-1)) % 2).toBe(0);
  },
);

test.prop([fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.integer({ min: 1, max: 12 })])(
  'an exact tie goes to the even digit in either direction',
  (integer, digits) => {
    const shown = integer % 10n ** BigInt(digits);
    fc.pre(shown > 0n && shown.toString().length === digits);
    const text = formatRational(addRational(rational(shown), HALF), { digits });
    const even = shown % 2n === 0n ? shown : shown + 1n;
    expect(parseDecimal(text)).toEqual(rational(even));
    expect(formatRational(rational(-2n * shown - 1n, 2n), { digits })).toBe(`-${text}`);
  },
);

test.each<[bigint, bigint, number, string]>([
  [0n, 1n, 30, '0'],
  [5n, 1n, 30, '5'],
  [100n, 1n, 3, '100'],
  [1000n, 1n, 3, '1e+3'],
  [123456n, 1n, 6, '123456'],
  [123456n, 1n, 5, '1.2346e+5'],
  [-1n, 8n, 30, '-0.125'],
  [1n, 3n, 5, '0.33333'],
  [2n, 3n, 5, '0.66667'],
  [999_999n, 1000n, 5, '1000.0'],
  [99_999n, 1n, 4, '1.000e+5'],
  [1n, 10n ** 7n, 30, '0.0000001'],
  [1n, 10n ** 8n, 30, '1e-8'],
  [15n, 10n ** 9n, 30, '1.5e-8'],
  [1n, 3n * 10n ** 9n, 3, '3.33e-10'],
  [10n ** 30n - 1n, 1n, 30, '9'.repeat(30)],
  [10n ** 30n, 1n, 30, '1e+30'],
  [25n, 10n, 1, '2'],
  [35n, 10n, 1, '4'],
  [1n, 7n, 30, '0.142857142857142857142857142857'],
])('%s/%s to %s digits is %s', (numerator, denominator, digits, text) => {
  expect(formatRational(rational(numerator, denominator), { digits })).toBe(text);
});

test.prop([fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }), fc.integer({ min: 0, max: 40 })])(
  'a decimal that ends is printed whole',
  (integer, decimals) => {
    const value = rational(integer, 10n ** BigInt(decimals));
    const text = formatExactDecimal(value);
    expect(parseDecimal(text)).toEqual(value);
    expect(text).toMatch(/^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/);
  },
);

test('a decimal that does not end cannot be printed whole', () => {
  expect(() => formatExactDecimal(rational(1n, 3n))).toThrow('expected a decimal that ends');
  expect(formatExactDecimal(rational(1n, 2n ** 20n))).toBe('0.00000095367431640625');
  expect(formatExactDecimal(rational(1n, 5n ** 9n))).toBe('0.000000512');
  expect(formatExactDecimal(rational(10n ** 40n))).toBe(`1${'0'.repeat(40)}`);
});

const square = (value: Rational) => multiplyRational(value, value);

test.prop([anyRational, digitCounts], { numRuns: 500 })(
  'a printed root lies within half a unit of its last place of the true root',
  (signed, digits) => {
    const value = signed.numerator < 0n ? rational(-signed.numerator, signed.denominator) : signed;
    fc.pre(value.numerator !== 0n);
    const text = formatSquareRoot(value, { digits });
    const printed = parseDecimal(text);
    if (compareRational(square(printed), value) === 0) return;
    const half = multiplyRational(HALF, lastPlace(text, digits));
    expect(significantDigits(text)).toHaveLength(digits);
    expect(compareRational(square(subtractRational(printed, half)), value)).toBeLessThanOrEqual(0);
    expect(compareRational(square(addRational(printed, half)), value)).toBeGreaterThanOrEqual(0);
  },
);

test.prop([anyRational, digitCounts])(
  'the root of a square is printed as the number itself',
  (root, digits) => {
    const size = root.numerator < 0n ? rational(-root.numerator, root.denominator) : root;
    expect(formatSquareRoot(square(root), { digits })).toBe(formatRational(size, { digits }));
  },
);

test.prop([fc.bigInt({ min: 10n ** 8n, max: 10n ** 9n - 1n })])(
  'a root just beside a tie is rounded to its own side',
  (shown) => {
    // (shown + 1/2)^2 moved by the smallest step: no double could see the difference.
    const tie = square(rational(2n * shown + 1n, 2n));
    const step = rational(1n, 10n ** 60n);
    expect(formatSquareRoot(subtractRational(tie, step), { digits: 9 })).toBe(`${shown}`);
    fc.pre(shown < 10n ** 9n - 1n);
    expect(formatSquareRoot(addRational(tie, step), { digits: 9 })).toBe(`${shown + 1n}`);
    expect(formatSquareRoot(tie, { digits: 9 })).toBe(`${shown + (shown % 2n)}`);
  },
);

test.each<[bigint, bigint, number, string]>([
  [0n, 1n, 30, '0'],
  [2n, 1n, 30, '1.41421356237309504880168872421'],
  [1n, 2n, 30, '0.707106781186547524400844362105'],
  [4n, 9n, 5, '0.66667'],
  [1n, 4n, 30, '0.5'],
  [10n ** 61n, 1n, 5, '3.1623e+30'],
  [1n, 10n ** 21n, 4, '3.162e-11'],
  [9_999_999n, 1n, 3, '3.16e+3'],
  [99_999n, 100_000n, 3, '1.00'],
])('the root of %s/%s to %s digits is %s', (numerator, denominator, digits, text) => {
  expect(formatSquareRoot(rational(numerator, denominator), { digits })).toBe(text);
});

test('a negative root or no digits at all are programming errors', () => {
  expect(() => formatSquareRoot(rational(-1n), { digits: 3 })).toThrow('not negative');
  expect(() => formatRational(rational(1n), { digits: 0 })).toThrow('at least one significant digit');
});
