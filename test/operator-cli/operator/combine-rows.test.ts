import { describe, expect, it } from 'vitest';
import { combineRows } from '../../../operator-cli/operator/index.ts';
import type { ReleasedRow } from '../../../src/protocol/index.ts';
import { resultDocument } from '../../../src/statistics/index.ts';
import { fakeClouds, honestRows, WINDOW } from '../support/fake-clouds.ts';

const READINGS = ['12.5', '-3.1', '0', '59.9', '-50', '12.5'];
const { stream } = await fakeClouds();
const rows = honestRows(stream, READINGS, { excluded: 2 });

/** The honest rows with one of them changed. */
function changed(index: number, change: Partial<ReleasedRow>): ReleasedRow[] {
  return rows.map((row, i) => (i === index ? { ...row, ...change } : row));
}

describe('combining the rows of all domains', () => {
  it('gives the exact statistics of the readings, whatever the order of the rows', () => {
    const result = combineRows(stream, WINDOW, rows.toReversed());
    const [field] = result.fields;
    expect(result).toMatchObject({ readings: 6, committed: 8, excluded: 2, domains: ['a', 'b', 'c'] });
    expect(field && resultDocument(field.statistics, { digits: 12 })).toEqual({
      count: 6,
      sum: '31.8',
      mean: { fraction: '53/10', decimal: '5.3' },
      variance: {
        population: { fraction: '312079/300', decimal: expect.any(String) },
        sample: { fraction: expect.any(String), decimal: expect.any(String) },
      },
      standardDeviation: { population: expect.any(String), sample: expect.any(String) },
    });
  });

  it.each([
    ['another settled set', { settled: new Uint8Array(32).fill(8) }, /settled set, .* domain a .* domain b/],
    [
      'another number of readings',
      { readings: 5, flags: 5, committed: 7 },
      /one number of readings, got 6 from domain a and 5/,
    ],
    ['another number of flags', { flags: 7 }, /one reading per flag/],
    ['another number of committed readings', { committed: 7, excluded: 1 }, /number of committed readings/],
    ['a number of exclusions that is not what it left out', { excluded: 1 }, /one reading per flag/],
    ['another window', { window: WINDOW + 1 }, /expected window/],
    ['another group', { group: 1 }, /expected group 0/],
    ['the share of another domain', { index: 2 }, /expected share 1 from domain b, got share 2/],
    ['too few elements', { elements: new Uint8Array(16) }, /bytes of elements 48 .* domain b, got 16/],
  ])('refuses a row with %s', (_, change, message) => {
    const call = () => combineRows(stream, WINDOW, changed(1, change as Partial<ReleasedRow>));
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: 'IMPOSSIBLE_AGGREGATE' }));
  });

  it('refuses a missing domain, and a domain twice', () => {
    expect(() => combineRows(stream, WINDOW, rows.slice(1))).toThrow(/each of 3 domains, got 2/);
    const [a, b] = rows;
    const twice = a !== undefined && b !== undefined ? [a, b, b] : [];
    expect(() => combineRows(stream, WINDOW, twice)).toThrow(/expected a row of domain c, got none/);
  });

  it('refuses a domain that lost a row but says it did not', () => {
    const fewer = honestRows(stream, READINGS.slice(1), { excluded: 2 });
    const elements = fewer[1]?.elements ?? new Uint8Array(0);
    expect(() => combineRows(stream, WINDOW, changed(1, { elements }))).toThrow(
      expect.objectContaining({ code: 'IMPOSSIBLE_AGGREGATE' }),
    );
  });

  it('refuses domains that all say they added one reading more than they did', () => {
    const fewer = honestRows(stream, READINGS.slice(1), { excluded: 2 });
    const lying = fewer.map((row) => {
      const added = READINGS.length;
      return { ...row, readings: added, committed: added + 2, flags: added };
    });
    expect(() => combineRows(stream, WINDOW, lying)).toThrow(/shared count equal to the settled 6 readings/);
  });

  it('refuses sums that no readings within the bounds can have', () => {
    // One more unit in the sum of squares' place: the count fits, x^2 does not fit x.
    const tampered = new Uint8Array(rows[1]?.elements ?? []);
    tampered.fill(0, 32);
    expect(() => combineRows(stream, WINDOW, changed(1, { elements: tampered }))).toThrow(
      expect.objectContaining({ code: 'IMPOSSIBLE_AGGREGATE' }),
    );
  });

  it('refuses more readings than the sums of the stream have room for, or a window', () => {
    const many = (readings: number) =>
      rows.map((row) => ({ ...row, readings, committed: readings + 2, flags: readings }));
    expect(() => combineRows(stream, WINDOW, many(2 ** 32))).toThrow(/at most 4294967295 readings/);
    const [first = expect.fail('no field')] = stream.fields;
    const wide = { ...stream, maxReadings: 8, fields: [{ ...first, min: '0', max: '450000000000000000' }] };
    expect(() => combineRows(wide, WINDOW, many(9))).toThrow(/at most 8 readings/);
  });

  it('never puts an element or a sum into a message', () => {
    const digits = /[0-9]{20,}/;
    const other = new Uint8Array(rows[1]?.elements ?? []).fill(3, 0, 16);
    try {
      combineRows(stream, WINDOW, changed(1, { elements: other }));
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toMatch(digits);
    }
  });
});

describe('combining the rows of a stream of batches', () => {
  const batches = { ...stream, countMode: 'batch' as const };
  const batched = honestRows(stream, READINGS).map((row) => {
    return { ...row, committed: 10, flags: 2, excluded: 1 };
  });

  it('counts readings and not the flags they came under', () => {
    const result = combineRows(batches, WINDOW, batched);
    expect(result).toMatchObject({ readings: 6, committed: 10, excluded: 4 });
  });

  it.each([
    ['more flags than readings', { flags: 7 }],
    ['more exclusions than readings left out', { excluded: 5 }],
    ['fewer committed readings than it added', { committed: 5, excluded: 0 }],
  ])('refuses %s', (_, change) => {
    const wrong = batched.map((row) => ({ ...row, ...change }));
    expect(() => combineRows(batches, WINDOW, wrong)).toThrow(
      expect.objectContaining({
        code: 'IMPOSSIBLE_AGGREGATE',
        message: expect.stringMatching(/at least one reading per flag/),
      }),
    );
  });
});
