import { afterEach, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { Overheard, SmallCloud } from '../../support/small-cloud.ts';
import { startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud | undefined;

afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

const READINGS = ['1', '2.5', '-7', '30'];

/** The messages about what nodes hold while a window is sealed and computed. */
async function questions(nodes: number, replicas: number): Promise<readonly Overheard[]> {
  const heard: Overheard[] = [];
  cloud = await startSmallCloud({
    shape: { nodes: [nodes, nodes], replicas, acceptors: 3 },
    overhear: (message) => heard.push(message),
  });
  const window = await cloud.openWindow();
  for (const reading of READINGS) await cloud.reading(window, reading).commit();
  expectExact(await cloud.compute(window), READINGS);
  const paths: readonly string[] = [operations.HELD.path, operations.SUM.path];
  return heard.filter(({ path }) => paths.includes(path.split('?', 1)[0] ?? ''));
}

it('is told by a node itself where it owns every partition: nobody else is asked what T and its sum are', async () => {
  expect(await questions(2, 2)).toEqual([]);
});

it('is asked of one owner of each partition where others own them', async () => {
  expect((await questions(3, 1)).length).toBeGreaterThan(0);
});
