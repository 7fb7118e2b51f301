import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RingShape } from '../../support/development-ring.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { startSmallCloud } from '../../support/small-cloud.ts';

/** Runs of the property: each starts a cluster of its own. */
const RUNS = 25;
const READINGS_MAX = 7;

/** A sensor of the property: what it measures, after which of its messages it dies, and which it sends twice. */
const sensor = fc.record({
  tenths: fc.integer({ min: 0, max: 400 }),
  /** Of an UPLOAD per domain, and SET; beyond the last it lives. */
  dies: fc.integer({ min: 0, max: 12 }),
  twice: fc.boolean(),
});

const plan = fc.record({
  shape: fc.constantFrom<RingShape>(
    { nodes: [1, 1] },
    { nodes: [2, 2], acceptors: 3, replicas: 2 },
    { nodes: [1, 1, 1], acceptors: 3 },
    { nodes: [2, 2, 2], acceptors: 3, replicas: 2 },
    { nodes: [1, 1, 1, 1], acceptors: 3 },
  ),
  sensors: fc.array(sensor, { minLength: 1, maxLength: READINGS_MAX }),
  /** Whose turn it is, again and again. */
  turns: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  /** After this turn every node stops and starts. */
  restart: fc.option(fc.nat({ max: 60 })),
});

/** The messages of a reading in the order its sensor sends them. */
function messagesOf(reading: RawReading, domains: number): (() => Promise<unknown>)[] {
  const uploads = Array.from({ length: domains }, (_, index) => () => reading.upload(index));
  return [...uploads, () => reading.set()];
}

it('a result is exactly the plain statistic of the committed readings, whoever dies, repeats or interleaves', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ shape, sensors, turns, restart }) => {
      const cloud = await startSmallCloud({ shape });
      try {
        const window = await cloud.openWindow();
        const alive = sensors.map(({ tenths, dies, twice }) => {
          const text = (tenths / 10).toFixed(1);
          const messages = messagesOf(cloud.reading(window, text), shape.nodes.length);
          return { text, twice, committed: dies >= messages.length, left: messages.slice(0, dies) };
        });
        for (const [turn, pick] of turns.entries()) {
          if (turn === restart) await cloud.restart();
          const waiting = alive.filter(({ left }) => left.length > 0);
          const next = waiting[pick % Math.max(1, waiting.length)];
          const send = next?.left.shift();
          if (next === undefined || send === undefined) break;
          await send();
          // As after a lost acknowledgement: the same bytes come again.
          if (next.twice) await send();
        }
        expect(alive.every(({ left }) => left.length === 0)).toBe(true);
        const committed = alive.filter((one) => one.committed).map(({ text }) => text);
        const outcome = await cloud.compute(window);
        if (committed.length > 0) expectExact(outcome, committed);
        else expect(outcome).toMatchObject({ kind: 'result', readings: 0 });
      } finally {
        await cloud.close();
      }
    }),
    { numRuns: RUNS },
  );
});
