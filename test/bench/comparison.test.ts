import { expect, test } from 'vitest';
import type { Comparison, Sample } from './comparison.ts';
import { checkRow, InexactSumError, measure, median, meetsTarget, skippedRow } from './comparison.ts';
import { benchTable, quickDuration, rowLine } from './report.ts';

/** A comparison whose sides give these amounts, one after another, and write down whose turn it was. */
function scripted(ours: readonly Sample[], peer: readonly Sample[]) {
  const turns: string[] = [];
  const side = (name: string, samples: readonly Sample[]) => {
    let at = 0;
    return async () => {
      turns.push(name);
      return samples[at++] ?? { amount: Number.NaN, exact: true };
    };
  };
  const comparison: Comparison = {
    name: 'scripted',
    unit: 'things per second',
    peerName: 'another way',
    target: '>= 0.4',
    note: 'made up',
    ours: side('ours', ours),
    peer: side('peer', peer),
  };
  return { comparison, turns };
}

const exact = (...amounts: readonly number[]) =>
  amounts.map((amount, i): Sample => ({ amount, cpuMicros: 10 * i, exact: true }));

test('a warm-up of its own takes the place of the first run', async () => {
  const { comparison, turns } = scripted(exact(10, 30, 20), exact(9_999, 50, 40, 60));
  const warmUp = async () => {
    turns.push('warm-up');
    return { amount: 9_999, exact: true };
  };
  expect(await measure({ ...comparison, warmUp }, 3)).toMatchObject({ ours: 20, peer: 50 });
  expect(turns.slice(0, 4)).toEqual(['warm-up', 'peer', 'ours', 'peer']);
});

test('the sides take turns after a warm-up of each, and their medians make the ratio', async () => {
  const { comparison, turns } = scripted(exact(9_999, 10, 30, 20), exact(9_999, 50, 40, 60));
  expect(await measure(comparison, 3)).toEqual({
    name: 'scripted',
    ours: 20,
    peer: 50,
    peerName: 'another way',
    unit: 'things per second',
    ratio: 0.4,
    target: '>= 0.4',
    pairs: 3,
    note: 'made up; CPU per reading 20 against 20 microseconds',
  });
  expect(turns).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
});

test('a run whose sums are not exact ends the benchmark, on either side and in the warm-up too', async () => {
  const wrong: Sample = { amount: 1, exact: false };
  for (const [ours, peer] of [
    [[wrong], exact(1, 1)],
    [exact(1, 1), [wrong]],
    [[...exact(1), wrong], exact(1, 1)],
  ] as const) {
    await expect(measure(scripted(ours, peer).comparison, 1)).rejects.toThrow(InexactSumError);
  }
});

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

test('a target speaks of the ratio, or of our own figure where it says so', () => {
  const head = { name: 'r', unit: '', peerName: '', note: '' };
  const row = (ours: number, peer: number, target: string) => {
    return { ...head, target, ours, peer, ratio: ours / peer, pairs: 1 };
  };
  expect(meetsTarget(row(5, 10, '>= 0.5'))).toBe(true);
  expect(meetsTarget(row(5, 11, '>= 0.5'))).toBe(false);
  expect(meetsTarget(row(5, 10, '<= 0.4'))).toBe(false);
  expect(meetsTarget(row(5, 1, 'ours <= 5'))).toBe(true);
  expect(meetsTarget(row(5, 1, 'recorded'))).toBe(null);
  expect(meetsTarget(skippedRow({ ...head, target: '>= 0.5' }, 'nothing to compare with'))).toBe(null);
});

test('a row has the name it is asked for by, a target, and two figures with their ratio or none', () => {
  const head = { name: 'r', unit: '', peerName: '', note: '', pairs: 1 };
  const good = { ...head, target: '>= 0.5', ours: 5, peer: 10, ratio: 0.5 };
  const skipped = skippedRow({ ...head, target: 'ours <= 5' }, 'nothing to compare with');
  for (const row of [good, { ...good, target: 'recorded' }, skipped]) expect(checkRow(row, 'r')).toBe(row);
  for (const change of [
    { name: 'other' },
    { target: '> 0.5' },
    { ratio: 2 },
    { ratio: Number.NaN },
    { ours: 0, ratio: 0 },
    { peer: 0, ratio: Number.POSITIVE_INFINITY },
    { peer: null },
    { ours: null, peer: null },
  ]) {
    expect(() => checkRow({ ...good, ...change }, 'r')).toThrow('expected a row r');
  }
});

test('a measured row is told in one line', () => {
  const row = {
    name: 'a',
    ours: 12.345,
    peer: 4321,
    peerName: 'b',
    unit: 'readings per second',
    ratio: 0.00286,
    target: '>= 0.4',
    pairs: 5,
    note: '',
  };
  expect(rowLine(row)).toBe('a: 12.3 and 4321 readings per second, ratio 0.00286, target >= 0.4, 5 pairs');
});

test('a quick run that took longer than a build has for it says so', () => {
  expect(quickDuration(119.6)).toBe('took 120 s');
  expect(quickDuration(131)).toBe('took 131 s, more than the 120 s that a build has for it');
});

test('the table names every row and what it is compared with', () => {
  const rows = ['one', 'two'].map((name) => {
    return { name, unit: 'u', peerName: `peer of ${name}`, target: 'recorded', note: '', pairs: 1 };
  });
  const table = benchTable(rows.map((row) => ({ ...row, ours: 5, peer: 10, ratio: 0.5 })));
  for (const { name, peerName } of rows)
    expect(table).toMatch(new RegExp(`^${name} .*\\n  against ${peerName};`, 'm'));
});
