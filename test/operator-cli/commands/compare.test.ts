import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { comparisonDocument, samplesOf } from '../../../operator-cli/comparison-document.ts';
import { combineRows, type SeriesResult } from '../../../operator-cli/operator/index.ts';
import { CONFIDENCE } from '../../../operator-cli/statistics-document.ts';
import { operations } from '../../../src/protocol/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
} from '../support/fake-clouds.ts';

const SCHEMA_FILE = new URL('../../../docs/result.schema.json', import.meta.url);
const NEXT = windowId(WINDOW + 3_600_000);
const FIRST = ['20.5', '21', '19.7', '22.3'];
const SECOND = ['24.1', '23', '26.2'];
const options = { digits: 15, confidence: CONFIDENCE };

/** One stream whose two windows were released. */
async function served(second: readonly string[] = SECOND) {
  const clouds = await fakeClouds();
  const { hash, name } = clouds.stream;
  clouds.on(operations.LIST_STREAMS, () => ({ streams: [{ stream: hash, name }] }));
  serveWindows(clouds, [listedWindow(WINDOW), listedWindow(NEXT)]);
  serveRows(clouds, [
    ...honestRows(clouds.stream, FIRST),
    ...honestRows(clouds.stream, second, { window: NEXT }),
  ]);
  const config = join(await clusterFolder(), 'operator.json');
  return (...args: string[]) => cli(['compare', ...args, '--config', config, '--quiet'], { clouds });
}

describe('compare', () => {
  it('tests the windows of a stream against each other', async () => {
    const run = await served();
    const { code, out, err } = await run('temperatures', '--json');
    expect([code, err]).toEqual([0, '']);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      field: 'x',
      by: 'window',
      samples: [
        { name: String(WINDOW), count: 4, mean: { decimal: '20.875' } },
        { name: String(NEXT), count: 3 },
      ],
      analysisOfVariance: { betweenDegrees: 1, withinDegrees: 5 },
      together: { count: 7, sum: '156.8', mean: { decimal: '22.4', fraction: '112/5' } },
    });
    const schema = JSON.parse(await readFile(SCHEMA_FILE, 'utf8'));
    const validator = Compile({ ...schema.$defs.comparison, $defs: schema.$defs });
    expect([...validator.Errors(answer)]).toEqual([]);
    expect(validator.Check({ ...answer, more: 1 })).toBe(false);
    // Figures of scipy 1.17.
    expect(Number(answer.welch.t.decimal)).toBeCloseTo(-3.277930567517988, 11);
    expect(Number(answer.welch.degrees.decimal)).toBeCloseTo(3.3249589479573376, 11);
    expect(Number(answer.welch.p)).toBeCloseTo(0.04006372945219242, 12);
    expect(Number(answer.analysisOfVariance.f.decimal)).toBeCloseTo(12.257411764705882, 10);
    expect(Number(answer.analysisOfVariance.p)).toBeCloseTo(0.017264871073431703, 12);
    expect(Number(answer.varianceRatio.p)).toBeCloseTo(0.5115103542350534, 12);
  });

  it('prints tables for people', async () => {
    const run = await served();
    const { out } = await run('temperatures');
    expect(out).toMatch(/window +count +mean +standard deviation, sample\n/);
    expect(out).toMatch(/together +7 +22\.4 +2\.2\d+\n/);
    expect(out).toMatch(/Welch’s t +difference of means +-3\.55833333333333 {2}≈\n/);
    expect(out).toMatch(/degrees of freedom +1 and 5 {2}=\n/);
  });

  it('has no ratio to a variance of zero', async () => {
    const run = await served(['24', '24']);
    expect(JSON.parse((await run('temperatures', '--json')).out)).toMatchObject({
      welch: { t: { decimal: expect.stringMatching(/^-/) } },
      varianceRatio: null,
    });
  });

  it.each([
    [['temperatures', '--field', 'y'], 2, /expected a field of temperatures with sums of squares, got y/],
    [
      ['temperatures', 'temperatures', '--by', 'window'],
      2,
      /expected one stream to compare by window, got 2/,
    ],
    [['temperatures', '--by', 'group'], 3, /STATISTIC_UNDEFINED: expected at least two samples, got 1/],
    [['temperatures', '--by', 'month'], 2, /--by <what>/],
  ])('refuses %j', async (args, code, message) => {
    const run = await served();
    const answer = await run(...args);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.err).toMatch(message);
  });

  it('takes totals of streams, and totals of groups', async () => {
    const { stream } = await fakeClouds();
    const result = (readings: readonly string[]) => combineRows(stream, WINDOW, honestRows(stream, readings));
    const answer = (name: string, readings: readonly string[]): SeriesResult => {
      const total = { parts: 1, ...result(readings) };
      const groups = [
        { group: { group: 1, name: 'north' }, total },
        { group: { group: 2, name: 'south' }, total: null },
      ];
      return { stream: { ...stream, name }, windows: [], groups, total, missing: [] };
    };
    const answers = [answer('a', FIRST), answer('b', SECOND)];
    const samples = samplesOf(answers, 'stream', 'x');
    expect(samples.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(comparisonDocument(samples, 'stream', options).welch).not.toBeNull();
    expect(samplesOf(answers.slice(0, 1), 'group', 'x').map(({ name }) => name)).toEqual(['north']);
    // One after the other or all at once: merging is exact.
    const all = comparisonDocument(
      samplesOf([answer('c', [...FIRST, ...SECOND]), answers[0]!], 'stream', 'x'),
      'stream',
      options,
    );
    const { together } = comparisonDocument(samples, 'stream', options);
    const { count, mean, standardDeviation } = together;
    expect({ name: 'c', count, mean, standardDeviation }).toEqual(all.samples[0]);
    const three = comparisonDocument([...samples, ...samples.slice(0, 1)], 'stream', options);
    expect(three).toMatchObject({
      welch: null,
      varianceRatio: null,
      analysisOfVariance: { betweenDegrees: 2 },
    });
  });
});
