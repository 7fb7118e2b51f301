import { expect, test } from 'vitest';
import { benchChart } from './chart.ts';
import type { BenchRow } from './comparison.ts';

const row = (name: string, ratio: number | null, target: string): BenchRow => {
  return { name, ours: ratio, peer: 1, peerName: 'peer', unit: 'u', ratio, target, pairs: 5, note: '' };
};

test('a bar lies right of the target where the figure is better, and left where it is worse', () => {
  const middle = 360;
  const barOf = (one: BenchRow): readonly number[] => {
    const bar = /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(benchChart([one]));
    return [Number(bar?.[1]), Number(bar?.[1]) + Number(bar?.[2])];
  };
  expect(barOf(row('ten times better', 5, '>= 0.5'))).toEqual([middle, middle + 105]);
  expect(barOf(row('ten times worse', 0.05, '>= 0.5'))).toEqual([middle - 105, middle]);
  expect(barOf(row('less is better', 0.05, '<= 0.5'))).toEqual([middle, middle + 105]);
});

test('rows without a target or without a figure are left out, and targets are escaped', () => {
  const chart = benchChart([row('a', 1, 'recorded'), row('b', null, '>= 1'), row('c', 1, '<= 2')]);
  expect(chart).not.toContain('>a<');
  expect(chart).not.toContain('>b<');
  expect(chart).toContain('target &lt;= 2');
});
