import { describe, expect, it } from 'vitest';
import {
  addElements,
  compareRational,
  type FieldElement,
  fieldElement,
  formatExactDecimal,
  formatReal,
  rational,
} from '../../../src/arithmetic/index.ts';
import { type CellElement, encodeReading, type ReadingSchema } from '../../../src/sharing/index.ts';
import {
  type Bounds,
  goodnessOfFit,
  type Histogram,
  histogramsOf,
  independence,
  jointCategory,
  medianBounds,
  mergeHistograms,
  modes,
  proportions,
  quantileBounds,
  rangeBounds,
  twoWayTable,
  wilsonInterval,
} from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';

function schemaOf(edges: readonly number[], decimals = 1): ReadingSchema {
  const cells = edges
    .slice(1)
    .map((to, i): CellElement => ({ kind: 'cell', field: 'x', from: String(edges[i]), to: String(to) }));
  const max = decimals === 0 ? (edges.at(-1) ?? 1) - 1 : 10;
  const field = { name: 'x', unit: '', decimals, offset: '2', min: String(edges[0]), max: String(max) };
  return { fields: [field], elements: [{ kind: 'count' }, ...cells] };
}

function histogramOf(edges: readonly number[], readings: readonly string[], decimals = 1): Histogram {
  const schema = schemaOf(edges, decimals);
  const vectors = readings.map((reading) => encodeReading(schema, reading));
  const empty: FieldElement[] = schema.elements.map(() => fieldElement(0n));
  const sums = vectors.reduce((a, b) => a.map((element, i) => addElements(element, b[i]!)), empty);
  const [histogram] = histogramsOf(schema, sums);
  if (histogram === undefined) throw new Error('expected a histogram');
  return histogram;
}

const shown = (bounds: Bounds | null) =>
  bounds && `${formatExactDecimal(bounds.least)}..${formatExactDecimal(bounds.most)}`;

const EDGES = [-10, -5, 0, 2, 4, 11];

describe('a histogram', () => {
  it('has cells that end at the last value a reading can have in them', () => {
    const { bins, count } = histogramOf(EDGES, ['-10', '-5', '1.9', '2', '10']);
    expect(bins.map(shown)).toEqual(['-10..-5.1', '-5..-0.1', '0..1.9', '2..3.9', '4..10']);
    expect(bins.map((bin) => bin.count)).toEqual([1n, 1n, 1n, 1n, 1n]);
    expect(count).toBe(5n);
  });

  const reading = fc.integer({ min: -100, max: 100 }).map((n) => (n / 10).toFixed(1));
  const readings = fc.array(reading, { minLength: 1, maxLength: 25 });

  test.prop([readings, fc.integer({ min: 0, max: 20 })], { numRuns: 150 })(
    'bounds every quantile, the median, the smallest and the largest reading',
    (texts, twentieths) => {
      const histogram = histogramOf(EDGES, texts);
      const sorted = texts.map(Number).toSorted((a, b) => a - b);
      const inside = (bounds: Bounds | null, value: number) => {
        if (bounds === null) throw new Error('expected bounds');
        const exact = rational(BigInt(Math.round(value * 100)), 100n);
        expect(compareRational(bounds.least, exact)).toBeLessThanOrEqual(0);
        expect(compareRational(bounds.most, exact)).toBeGreaterThanOrEqual(0);
      };
      const n = sorted.length;
      const rank = Math.max(1, Math.ceil((twentieths * n) / 20));
      inside(quantileBounds(histogram, rational(BigInt(twentieths), 20n)), sorted[rank - 1]!);
      inside(medianBounds(histogram), (sorted[Math.ceil(n / 2) - 1]! + sorted[Math.floor(n / 2)]!) / 2);
      inside(rangeBounds(histogram)?.min ?? null, sorted[0]!);
      inside(rangeBounds(histogram)?.max ?? null, sorted.at(-1)!);
    },
  );

  it('names single values where a cell is one', () => {
    const votes = histogramOf([0, 1, 2, 3], ['0', '1', '1', '2', '1'].map(String), 0);
    expect(shown(medianBounds(votes))).toBe('1..1');
    expect(modes(votes).map(shown)).toEqual(['1..1']);
  });

  it('knows nothing without readings', () => {
    const none = histogramOf(EDGES, []);
    expect([medianBounds(none), quantileBounds(none, rational(1n, 2n)), rangeBounds(none)]).toEqual([
      null,
      null,
      null,
    ]);
    expect([modes(none), proportions(none, rational(19n, 20n))]).toEqual([[], []]);
  });

  test.prop([readings, readings], { numRuns: 50 })('merges into the histogram of all', (a, b) => {
    expect(mergeHistograms([histogramOf(EDGES, a), histogramOf(EDGES, b)])).toEqual(
      histogramOf(EDGES, [...a, ...b]),
    );
  });

  it('refuses what is no quantile, and other cells in a merge', () => {
    const one = histogramOf(EDGES, ['1']);
    const code = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => quantileBounds(one, rational(3n, 2n))).toThrow(code);
    expect(() => mergeHistograms([one, histogramOf([-10, 0, 11], ['1'])])).toThrow(code);
    expect(() => mergeHistograms([])).toThrow(code);
  });
});

describe('proportions', () => {
  const digits = 15;
  const CONFIDENCE = rational(19n, 20n);

  it('have the interval that a statistics package gives (scipy 1.17)', () => {
    const { low, high } = wilsonInterval(4n, 20n, CONFIDENCE);
    expect(Number(formatReal(low, { digits }))).toBeCloseTo(0.08065766257979806, 13);
    expect(Number(formatReal(high, { digits }))).toBeCloseTo(0.4160174322518936, 13);
    const none = wilsonInterval(0n, 20n, CONFIDENCE);
    expect(formatReal(none.low, { digits })).toBe('0');
    expect(Number(formatReal(none.high, { digits }))).toBeCloseTo(0.16112515805281935, 13);
    expect(formatReal(wilsonInterval(20n, 20n, CONFIDENCE).high, { digits })).toBe('1');
  });

  it('are exact, and their intervals hold them', () => {
    const votes = histogramOf([0, 1, 2, 3], ['0', '1', '1', '2', '1', '1', '0'], 0);
    const shares = proportions(votes, CONFIDENCE);
    expect(shares.map(({ share }) => share)).toEqual([rational(2n, 7n), rational(4n, 7n), rational(1n, 7n)]);
    for (const { share, interval } of shares) {
      const value = Number(share.numerator) / Number(share.denominator);
      expect(Number(formatReal(interval.low, { digits }))).toBeLessThan(value);
      expect(Number(formatReal(interval.high, { digits }))).toBeGreaterThan(value);
    }
  });

  it('need readings and a confidence', () => {
    const code = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => wilsonInterval(0n, 0n, CONFIDENCE)).toThrow(code);
    expect(() => wilsonInterval(1n, 2n, rational(1n))).toThrow(code);
  });
});

describe('chi-square tests', () => {
  const digits = 20;

  it('fit Mendel’s peas to 9:3:3:1 as is well known', () => {
    const { statistic, degrees, p, leastExpected } = goodnessOfFit(
      [315n, 108n, 101n, 32n],
      [9n, 3n, 3n, 1n].map((n) => rational(n)),
    );
    expect(Number(statistic.numerator) / Number(statistic.denominator)).toBeCloseTo(0.4700239808153477, 13);
    expect(degrees).toBe(3);
    expect(Number(formatReal(p, { digits }))).toBeCloseTo(0.925425895103616, 13);
    expect(leastExpected).toEqual(rational(556n, 16n));
  });

  it('take equal proportions where none are given', () => {
    expect(goodnessOfFit([5n, 5n, 5n]).statistic).toEqual(rational(0n));
    expect(goodnessOfFit([6n, 4n]).statistic).toEqual(rational(2n, 5n));
  });

  it('find two categories of a joint field independent as a statistics package does', () => {
    // Two answers crossed with three regions, uploaded as one code from 0 to 5.
    const counts = [10, 20, 30, 6, 9, 17];
    const codes = counts.flatMap((count, code) => Array.from({ length: count }, () => String(code)));
    const table = twoWayTable(histogramOf([0, 1, 2, 3, 4, 5, 6], codes, 0), 3);
    expect(table).toEqual([
      [10n, 20n, 30n],
      [6n, 9n, 17n],
    ]);
    const { statistic, degrees, p } = independence(table);
    expect(degrees).toBe(2);
    expect(Number(statistic.numerator) / Number(statistic.denominator)).toBeCloseTo(0.27157465150403504, 13);
    expect(Number(formatReal(p, { digits }))).toBeCloseTo(0.873028283380073, 13);
  });

  it('leave out rows and columns without a reading', () => {
    const full = independence([
      [3n, 5n],
      [4n, 1n],
    ]);
    const padded = independence([
      [3n, 0n, 5n],
      [0n, 0n, 0n],
      [4n, 0n, 1n],
    ]);
    expect(padded.statistic).toEqual(full.statistic);
    expect(padded.degrees).toBe(full.degrees);
  });

  it('number joint categories row by row', () => {
    expect([jointCategory(0, 0, 3), jointCategory(0, 2, 3), jointCategory(1, 0, 3)]).toEqual([0, 2, 3]);
    expect(() => jointCategory(0, 3, 3)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it.each([
    ['no readings', () => goodnessOfFit([0n, 0n]), 'STATISTIC_UNDEFINED'],
    ['one cell', () => goodnessOfFit([7n]), 'STATISTIC_UNDEFINED'],
    ['one row', () => independence([[1n, 2n]]), 'STATISTIC_UNDEFINED'],
    ['a proportion of 0', () => goodnessOfFit([1n, 2n], [rational(0n), rational(1n)]), 'INVALID_ARGUMENT'],
    ['cells of several codes', () => twoWayTable(histogramOf(EDGES, ['1']), 2), 'INVALID_ARGUMENT'],
  ])('refuse %s', (_, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
