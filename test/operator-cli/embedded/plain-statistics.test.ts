import { describe, expect, it } from 'vitest';
import { plainStatistics } from '../../../operator-cli/embedded/plain-statistics.ts';
import { addElements, type FieldElement, fieldElement } from '../../../src/arithmetic/index.ts';
import { encodeReading, momentElements } from '../../../src/sharing/index.ts';
import { momentsOf, resultDocument, univariate } from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';

describe('the plain computation', () => {
  it('gives the textbook numbers of a small set', () => {
    expect(plainStatistics(['2', '4', '4', '4', '5', '5', '7', '9'], 30)).toEqual({
      count: 8,
      sum: '40',
      mean: { fraction: '5/1', decimal: '5' },
      variance: {
        population: { fraction: '4/1', decimal: '4' },
        sample: { fraction: '32/7', decimal: '4.57142857142857142857142857143' },
      },
      standardDeviation: { population: '2', sample: '2.13808993529939507747642784704' },
    });
  });

  it('takes more readings than a call takes arguments', () => {
    expect(plainStatistics(new Array(200_000).fill('0.5'), 30)).toMatchObject({
      count: 200_000,
      sum: '100000',
    });
  });

  it('has no sample variance of one reading', () => {
    expect(plainStatistics(['-0.50'], 30)).toEqual({
      count: 1,
      sum: '-0.5',
      mean: { fraction: '-1/2', decimal: '-0.5' },
      variance: { population: { fraction: '0/1', decimal: '0' }, sample: null },
      standardDeviation: { population: '0', sample: null },
    });
  });

  it('reads every spelling of a number', () => {
    for (const text of ['1.5', '+1.5', '1.50', '15e-1', '0.15E1', '.15e+1', '01.5']) {
      expect(plainStatistics([text, '0'], 10).sum).toBe('1.5');
    }
  });

  const decimal = fc
    .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.integer({ min: 0, max: 6 }))
    .map(([digits, decimals]) => `${digits}e-${decimals}`);

  test.prop([fc.array(decimal, { minLength: 1, maxLength: 40 })], { numRuns: 100 })(
    'agrees with floating point as far as that goes',
    (texts) => {
      const numbers = texts.map(Number);
      const { mean, variance } = plainStatistics(texts, 17);
      const average = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
      const spread = numbers.reduce((sum, x) => sum + (x - average) ** 2, 0) / numbers.length;
      const largest = Math.max(1, ...numbers.map(Math.abs));
      expect(Math.abs(Number(mean?.decimal) - average)).toBeLessThan(1e-9 * largest);
      expect(Math.abs(Number(variance.population?.decimal) - spread)).toBeLessThan(1e-9 * largest ** 2);
    },
  );

  test.prop([fc.array(decimal, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 40 })], {
    numRuns: 100,
  })('agrees to the last digit with the moments of the field', (texts, digits) => {
    const bound = (10n ** 12n).toString();
    const field = { name: 'x', unit: '', decimals: 6, offset: '7', min: `-${bound}`, max: bound };
    const schema = { fields: [field], elements: momentElements([field], 2) };
    const zero: readonly FieldElement[] = schema.elements.map(() => fieldElement(0n));
    const sums = texts
      .map((text) => encodeReading(schema, text))
      .reduce((a, b) => a.map((element, i) => addElements(element, b[i] ?? fieldElement(0n))), [...zero]);
    expect(plainStatistics(texts, digits)).toEqual(
      resultDocument(univariate(momentsOf(schema, sums), 'x'), { digits }),
    );
  });
});
