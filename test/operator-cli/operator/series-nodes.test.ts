import { afterEach, expect, it } from 'vitest';
import { seriesDocument } from '../../../operator-cli/series-document.ts';
import { CONFIDENCE } from '../../../operator-cli/statistics-document.ts';
import type { WindowId } from '../../../src/ring/index.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

async function answer(): Promise<string> {
  const series = cloud.operator.series(cloud.stream, {}, { waitMs: 10_000 });
  return JSON.stringify(
    seriesDocument(await cloud.clock.until(series), { digits: 15, confidence: CONFIDENCE }),
  );
}

async function commit(window: WindowId, label: number, ...readings: readonly string[]): Promise<void> {
  for (const reading of readings) await cloud.reading(window, reading, { label }).commit();
}

it('a series over real nodes is exact by group and in all, and the same bytes after they start again', async () => {
  cloud = await startSmallCloud({ stream: { groups: ['north', 'south'] } });
  const first = await cloud.openWindow();
  const second = await cloud.openWindow();
  const third = await cloud.openWindow();
  await commit(first, 1, '1.5', '-2');
  await commit(first, 2, '10');
  await commit(second, 2, '20', '20.5');
  await commit(third, 1, '59');
  for (const window of [first, second]) {
    for (const group of [1, 2]) {
      await cloud.clock.until(cloud.operator.seal(cloud.stream, window, { group, waitMs: 10_000 }));
    }
  }
  const before = await answer();
  const { windows, groups, total, missing } = JSON.parse(before);
  expect(
    windows.map((part: { window: number; group: string; readings: number }) => [
      part.window,
      part.group,
      part.readings,
    ]),
  ).toEqual([
    [first, 'north', 2],
    [first, 'south', 1],
    [second, 'north', 0],
    [second, 'south', 2],
  ]);
  expect(groups.map((own: { total: { sums: string[] } }) => own.total.sums[1])).toEqual(['-5', '505']);
  expect(total).toMatchObject({ parts: 4, readings: 5, sums: ['5', '500', expect.any(String)] });
  expect(missing).toEqual([
    { window: third, group: 'north', state: 'unsealed' },
    { window: third, group: 'south', state: 'unsealed' },
  ]);
  await cloud.restart();
  expect(await answer()).toBe(before);
});
