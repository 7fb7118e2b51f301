import { expect, onTestFinished, test } from 'vitest';
import { benchReadings } from './bench-readings.ts';
import { openClusterScene } from './cluster-scene.ts';
import { uploadRate } from './upload-rate.ts';

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
