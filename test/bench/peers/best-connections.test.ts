import { expect, test } from 'vitest';
import type { Sample } from '../comparison.ts';
import { InexactSumError } from '../comparison.ts';
import { bestConnections, trialNote } from './best-connections.ts';

/** A server whose turns over a number of connections give these rates. */
function scripted(rates: Readonly<Record<number, readonly number[]>>, exact = true) {
  const asked: number[] = [];
  const upload = async (_texts: readonly string[], _most: number, connections = 0): Promise<Sample> => {
    const turn = asked.filter((one) => one === connections).length;
    asked.push(connections);
    return { amount: rates[connections]?.[turn] ?? Number.NaN, exact };
  };
  return { asked, upload };
}

const TRIALS = { numbers: [16, 32, 64], readings: 3, inFlight: 512 };

test('the fastest number of connections is that of the best turn, as the first one opens them', async () => {
  const server = scripted({ 16: [20, 21], 32: [10, 30], 64: [15, 25] });
  const found = await bestConnections(server, { ...TRIALS, turns: 2 });
  expect(found).toEqual({ best: 32, tried: [16, 32, 64] });
  expect(server.asked).toEqual([16, 32, 64, 16, 32, 64]);
  expect(trialNote(found)).toBe('the plain endpoint over 32 connections, the fastest of 16, 32, 64');
});

test('a turn over some number of connections whose sums are not exact ends the benchmark', async () => {
  const server = scripted({ 16: [1], 32: [2], 64: [3] }, false);
  await expect(bestConnections(server, { ...TRIALS, turns: 1 })).rejects.toThrow(InexactSumError);
});
