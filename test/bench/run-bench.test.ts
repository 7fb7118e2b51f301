import { expect, onTestFinished, test } from 'vitest';
import { benchReadings } from './bench-readings.ts';
import { openClusterScene } from './cluster-scene.ts';
import { benchTable } from './report.ts';
import { ROW_NAMES, runBench } from './run-bench.ts';
import { QUICK_SIZES } from './sizes.ts';
import { uploadRate } from './upload-rate.ts';

const KEYS = ['name', 'ours', 'peer', 'peerName', 'unit', 'ratio', 'target', 'pairs', 'note'];

test('every row has the promised shape and the name it is asked for by', { timeout: 240_000 }, async () => {
  const rows = await runBench({
    pairs: 1,
    sizes: {
      splitReadings: 50,
      prio3Readings: 2,
      loneReadings: 4,
      loneInFlight: 2,
      loneManyReadings: 6,
      loneManyInFlight: 3,
      coalescedReadings: 12,
      coalescedInFlight: 8,
      manyInFlight: 12,
      plainReadings: 12,
      batchReadings: 24,
      batchesInFlight: 2,
      plainBatchesInFlight: 2,
      batchWarmUpRequests: 2,
      jiffReadings: 6,
      warmUpRuns: 0,
      clusterWarmUp: [{ readings: 8, inFlight: 8 }],
      plainWarmUpReadings: 8,
      jiffWarmUpReadings: 3,
      scaleReadings: 12,
      loneWarmUpReadings: 8,
      scaleFactor: 1,
      sealMany: 12,
      sealFew: 4,
      gatedMany: 32,
      gatedFew: 16,
      memoryReadings: 12,
      processes: false,
      demoArguments: QUICK_SIZES.demoArguments,
    },
  });
  expect(rows.map(({ name }) => name)).toEqual(ROW_NAMES);
  for (const row of rows) {
    expect(Object.keys(row).toSorted()).toEqual(KEYS.toSorted());
    expect(row.target).toMatch(/^(?:recorded|(?:ours )?[<>]= \d+(?:\.\d+)?)$/);
    if (row.name === 'postgres' && row.ours === null) continue;
    expect(row.ours).not.toBe(0);
    expect(row.peer).toBeGreaterThan(0);
    expect(row.ratio).toBeCloseTo(Number(row.ours) / Number(row.peer), 9);
    expect(row.pairs).toBe(1);
  }
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  const table = benchTable(rows);
  for (const { name, peerName } of rows) {
    expect(table).toContain(name);
    expect(table).toContain(peerName);
  }
});

test('a reading that was stored but whose flag was not set makes the run inexact', async () => {
  const scene = await openClusterScene({ nodesPerDomain: 2, processes: false });
  onTestFinished(() => scene.close());
  const texts = benchReadings(5);
  const sample = await uploadRate(scene, texts, async (window) => {
    const entries = await Promise.all(texts.map((text) => scene.uploader.upload(window, text, undefined)));
    return entries.slice(1);
  });
  expect(sample.exact).toBe(false);
});
