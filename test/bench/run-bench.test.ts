import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { benchReadings } from './bench-readings.ts';
import { openClusterScene } from './cluster-scene.ts';
import { benchTable } from './report.ts';
import { ROW_NAMES, runBench } from './run-bench.ts';
import { uploadRate } from './upload-rate.ts';

const KEYS = ['name', 'ours', 'peer', 'peerName', 'unit', 'ratio', 'target', 'pairs', 'note'];

test('every row has the promised shape and the name it is asked for by', async () => {
  const csv = join(await temporaryFolder(), 'few.csv');
  await writeFile(csv, 'reading\n1.5\n-2\n1.5\n');
  const rows = await runBench({
    pairs: 1,
    sizes: {
      splitReadings: 50,
      loneReadings: 4,
      loneInFlight: 2,
      coalescedReadings: 12,
      coalescedInFlight: 8,
      demoArguments: ['--csv', csv],
    },
  });
  expect(rows.map(({ name }) => name)).toEqual(ROW_NAMES);
  for (const row of rows) {
    expect(Object.keys(row)).toEqual(KEYS);
    expect(row.ours).toBeGreaterThan(0);
    expect(row.peer).toBeGreaterThan(0);
    expect(row.ratio).toBeCloseTo(row.ours / row.peer, 9);
    expect(row.pairs).toBe(1);
    expect(row.target).toMatch(/^(?:recorded|(?:ours )?[<>]= \d+(?:\.\d+)?)$/);
  }
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  const table = benchTable(rows);
  for (const { name, peerName } of rows) {
    expect(table).toContain(name);
    expect(table).toContain(peerName);
  }
});

test('a reading that was stored but whose flag was not set makes the run inexact', async () => {
  const scene = await openClusterScene();
  onTestFinished(() => scene.close());
  const texts = benchReadings(5);
  const sample = await uploadRate(scene, texts, async (window) => {
    const entries = await Promise.all(texts.map((text) => scene.uploader.upload(window, text, undefined)));
    return entries.slice(1);
  });
  expect(sample.exact).toBe(false);
});
