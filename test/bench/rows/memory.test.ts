import { expect, test } from 'vitest';
import { meetsTarget } from '../comparison.ts';
import { grownRow } from './memory.ts';

const MEBIBYTE = 1_048_576;
const HEAD = { name: 'memory', unit: 'MiB', peerName: 'an empty window', target: '<= 1', note: 'made up' };

const sets = (resident: number, anonymous: number) => {
  return { processes: 6, resident: 6 * resident * MEBIBYTE, anonymous: 6 * anonymous * MEBIBYTE };
};

test('memory is what a node grows by for a million readings, however many there were', () => {
  const row = grownRow(HEAD, sets(100, 60), sets(116, 75), 500_000);
  expect(row).toMatchObject({ ours: 32, peer: 64, ratio: 0.5, pairs: 1 });
  expect(row.note).toBe('from 100 to 116 MiB, 30.0 MiB of the growth being of no file; made up');
  expect(meetsTarget(row)).toBe(true);
  expect(meetsTarget(grownRow(HEAD, sets(100, 60), sets(165, 75), 1_000_000))).toBe(false);
});
