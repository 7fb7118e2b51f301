import { expect } from 'vitest';
import { parseDecimal, rational, readDecimal } from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

test.prop([
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: -30, max: 30 }),
])('a decimal text has the value of its digits, point and exponent', (integer, decimals, exponent) => {
  const digits = (integer < 0n ? -integer : integer).toString().padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const text = `${integer < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}e${exponent}`;
  const power = BigInt(Math.abs(exponent - decimals));
  expect(parseDecimal(text)).toEqual(
    exponent < decimals ? rational(integer, 10n ** power) : rational(integer * 10n ** power),
  );
});

test.prop([fc.double({ noNaN: true, noDefaultInfinity: true })])(
  'the shortest text of any double is read, and read back as the same double',
  (value) => {
    const { coefficient, exponent } = readDecimal(String(value))!;
    expect(Number(`${coefficient}e${exponent}`)).toBe(value + 0);
    expect(coefficient === 0n || coefficient % 10n !== 0n).toBe(true);
  },
);

test.each([
  ['0', 0n, 1n],
  ['-0.000', 0n, 1n],
  ['+1.50', 3n, 2n],
  ['.5', 1n, 2n],
  ['5.', 5n, 1n],
  ['1E3', 1000n, 1n],
  ['1e+21', 10n ** 21n, 1n],
  ['25e-2', 1n, 4n],
  ['007', 7n, 1n],
])('%s is a decimal', (text, numerator, denominator) => {
  expect(parseDecimal(text)).toEqual({ numerator, denominator });
});

test.each([
  '',
  '.',
  '-',
  '+.e1',
  'e5',
  '1e',
  '1e+',
  '1e1.5',
  ' 1',
  '1 ',
  '1\n',
  '1,5',
  '1_000',
  '0x10',
  '--1',
  '1.2.3',
  'NaN',
  'Infinity',
  '-Infinity',
  'null',
  '１',
  '1e3000',
  '1e-3000',
  '1e999999999999999999999999',
  '1'.repeat(1_101),
])('%j is refused without being shown', (text) => {
  expect(() => parseDecimal(text)).toThrow(`expected a decimal number, got ${text.length} other characters`);
});
