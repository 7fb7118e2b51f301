import { readFile } from 'node:fs/promises';
import { Compile } from 'typebox/compile';
import { beforeAll, describe, expect, it } from 'vitest';
import { barChart, sparkline } from '../../operator-cli/charts.ts';
import { explanationText, seriesCsv, seriesMarkdown } from '../../operator-cli/figure-tables.ts';
import { addSums, combineRows, type SeriesResult } from '../../operator-cli/operator/index.ts';
import { createPalette } from '../../operator-cli/output.ts';
import { seriesText } from '../../operator-cli/result-report.ts';
import { type SeriesDocument, seriesDocument } from '../../operator-cli/series-document.ts';
import { CONFIDENCE, partStatistics, statisticsDocument } from '../../operator-cli/statistics-document.ts';
import { parseCsv } from '../../src/foundation/index.ts';
import { windowId } from '../../src/ring/index.ts';
import { type ElementSchema, momentElements } from '../../src/sharing/index.ts';
import { EXPLANATIONS } from '../../src/statistics/index.ts';
import { fakeClouds, honestRows, WINDOW } from './support/fake-clouds.ts';

const options = {
  digits: 15,
  confidence: CONFIDENCE,
  response: 'y',
  weight: 'x',
  fit: { field: 'z' },
  cross: { field: 'code', columns: 2 },
};
const palette = createPalette(false);
const SCHEMA_FILE = new URL('../../docs/result.schema.json', import.meta.url);

const field = (name: string) => ({ name, unit: 'm', decimals: 1, offset: '0', min: '0', max: '9.9' });
const cells = ['0', '2.5', '5', '7.5'].map(
  (from, i): ElementSchema => ({ kind: 'cell', field: 'z', from, to: ['2.5', '5', '7.5', '10'][i] ?? '' }),
);

/** Two categories of two values each, as one code. */
const code = { name: 'code', unit: '', decimals: 0, offset: '0', min: '0', max: '3' };
const codes = [0, 1, 2, 3].map(
  (from): ElementSchema => ({ kind: 'cell', field: 'code', from: String(from), to: String(from + 1) }),
);

/** Two windows of a stream with a response, two predictors, a histogram and a two-way table. */
async function answered(): Promise<SeriesResult> {
  const measured = ['y', 'x', 'z'].map(field);
  const fields = [...measured, code];
  const elements = [...momentElements(measured, 4), ...cells, ...codes];
  const { stream } = await fakeClouds(undefined, { fields, elements, publishesCells: true });
  const second = windowId(WINDOW + 3_600_000);
  const readings = [
    { y: '1.5', x: '1', z: '2', code: '3' },
    { y: '2', x: '2.5', z: '9.1', code: '1' },
    { y: '4.1', x: '3', z: '4.4', code: '3' },
    { y: '3.9', x: '4.2', z: '5', code: '3' },
    { y: '6.5', x: '5', z: '8.8', code: '0' },
  ];
  const group = { group: 0, name: null } as const;
  const windows = [
    { window: WINDOW, group, result: combineRows(stream, WINDOW, honestRows(stream, readings)) },
    {
      window: second,
      group,
      result: combineRows(stream, second, honestRows(stream, readings.slice(1), { window: second })),
    },
  ];
  const total = {
    parts: 2,
    ...addSums(
      stream,
      windows.map(({ result }) => result),
    ),
  };
  return { stream, windows, groups: [{ group, total }], total, missing: [] };
}

describe('the outputs of a result', () => {
  let series: SeriesResult;
  let document: SeriesDocument;
  beforeAll(async () => {
    series = await answered();
    document = seriesDocument(series, options);
  });

  it('fit the schema in the documents, and nothing with a member more or less does', async () => {
    const validator = Compile(JSON.parse(await readFile(SCHEMA_FILE, 'utf8')));
    const json = JSON.parse(JSON.stringify(document));
    expect([...validator.Errors(json)]).toEqual([]);
    const nothing = { ...series, windows: [], total: null };
    expect(validator.Check(JSON.parse(JSON.stringify(seriesDocument(nothing, options))))).toBe(true);
    expect(validator.Check({ ...json, more: 1 })).toBe(false);
    expect(validator.Check({ ...json, total: { ...json.total, fields: { y: {} } } })).toBe(false);
  });

  it('hold what two windows have together', () => {
    expect(document.total).toMatchObject({
      parts: 2,
      readings: 9,
      fields: { x: { count: 9, sum: '30.4', skewness: { adjusted: expect.anything() } } },
      pairs: [{ fields: ['y', 'x'] }, { fields: ['y', 'z'] }, { fields: ['x', 'z'] }],
      regression: { response: 'y', coefficients: [{ term: '(intercept)' }, { term: 'x' }, { term: 'z' }] },
    });
    expect(document.total?.histograms.z).toMatchObject({
      bins: [{ count: 1 }, { count: 2 }, { count: 2 }, { count: 4 }],
      median: { least: '5', most: '7.4' },
      modes: [{ least: '7.5', most: '9.9' }],
    });
  });

  it('hold weighted readings and chi-square tests, as they come by hand', () => {
    expect(document.total?.weighted).toMatchObject({
      weight: 'x',
      sumOfWeights: { fraction: '152/5' },
      fields: { y: { mean: { fraction: '6693/1520', decimal: '4.40328947368421' } }, z: {} },
    });
    expect(Object.keys(document.total?.weighted?.fields ?? {})).toEqual(['y', 'z']);
    expect(document.total?.goodnessOfFit).toMatchObject({
      field: 'z',
      statistic: { fraction: '19/9' },
      degrees: 3,
      leastExpected: { fraction: '9/4' },
    });
    expect(document.total?.independence).toMatchObject({
      field: 'code',
      table: [
        [2, 2],
        [0, 5],
      ],
      statistic: { fraction: '45/14' },
      degrees: 1,
      leastExpected: { fraction: '8/9' },
    });
    const text = seriesText(series, options, palette);
    expect(text).toMatch(/weighted mean +by x +4\.40328947368421 {2}≈\n/);
    expect(text).toMatch(/independence +chi-square +3\.21428571428571 {2}≈\n +degrees of freedom +1 {2}=\n/);
    expect(seriesCsv(document)).toContain('\n,,z,goodness of fit,chi-square,2.11111111111111,19/9,rounded\n');
  });

  it('leave out of one window what its readings do not define, and refuse it of the whole', async () => {
    const { stream } = series;
    const one = combineRows(stream, WINDOW, honestRows(stream, [{ y: '1', x: '0', z: '2', code: '0' }]));
    expect(partStatistics(stream, one, options)).toMatchObject({
      fields: { y: { sum: '1' } },
      regression: null,
      weighted: null,
      goodnessOfFit: { degrees: 3 },
      independence: null,
    });
    expect(() => statisticsDocument(stream, one, options)).toThrow(/SINGULAR|expected/);
    expect(() => partStatistics(stream, one, { ...options, weight: 'none' })).toThrow(
      'expected a weight among y, x, z and another field, got none',
    );
  });

  it('are tables and charts for people', () => {
    const text = seriesText(series, options, palette);
    expect(text).toMatch(/ {2}mean of y +[▁█]{2}\n {2}standard deviation of y +[▁█]{2}\n/);
    expect(text).toMatch(/between 7\.5 and 9\.9 {2}4 {2}█{40}\n/);
    expect(text).toMatch(/quantile +min +between 0 and 2\.4 {2}=\n/);
    expect(text).toMatch(/coefficient +\(intercept\) +-?\d/);
    for (const line of text.split('\n')) expect(line.trimEnd()).toBe(line);
  });

  it('are lines of CSV with one width, parts first and the total without a window', () => {
    const { header, rows } = parseCsv(seriesCsv(document));
    expect(header).toEqual([
      'window',
      'group',
      'field',
      'statistic',
      'variant',
      'value',
      'fraction',
      'digits',
    ]);
    const figures = (window: string) => rows.filter(({ cells: [first] }) => first === window).length;
    expect(figures(String(WINDOW))).toBe(figures(''));
    expect(rows.map(({ cells: row }) => row)).toContainEqual(['', '', 'x', 'sum', '', '30.4', '', 'exact']);
    expect(rows.map(({ cells: row }) => row)).toContainEqual([
      '',
      '',
      'x',
      'mean',
      '',
      '3.37777777777778',
      '152/45',
      'rounded',
    ]);
  });

  it('are tables of Markdown', () => {
    const text = seriesMarkdown(document);
    expect(text).toContain('### x\n\n| statistic | | value | |\n|---|---|--:|---|\n| count |  | 9 | = |\n');
    expect(text).toContain('| mean |  | 3.37777777777778 | ≈ |');
    expect(text).toContain(' 2 released, 0 missing; ');
    expect(seriesMarkdown({ ...document, total: null })).toContain('Nothing was released.');
  });

  it('are explained figure by figure, none without formula and source', () => {
    if (document.total === null) throw new Error('expected a total');
    const text = explanationText(document.total, palette);
    for (const name of [
      'mean',
      'correlation',
      'interval of the share',
      'coefficient',
      'F',
      'mode',
      'weighted variance',
      'effective count',
      'goodness of fit',
      'independence',
    ] as const) {
      expect(text).toContain(`${name}\n  is       ${EXPLANATIONS[name].meaning}`);
    }
    expect(text.match(/formula/g)?.length).toBe(text.match(/source/g)?.length);
  });
});

describe('charts', () => {
  it('draw a series from its lowest to its highest value, and leave gaps', () => {
    expect(sparkline([1, 2, null, 3, 8])).toBe('▁▂ ▃█');
    expect(sparkline([5, 5])).toBe('▁▁');
    expect(sparkline([null])).toBe(' ');
  });

  it('draw no bar for an empty cell', () => {
    const bin = (count: number, least: string) => ({
      least,
      most: least,
      count,
      share: null,
      interval: null,
    });
    const none = {
      count: 0,
      min: null,
      lowerQuartile: null,
      median: null,
      upperQuartile: null,
      max: null,
      modes: [],
    };
    expect(barChart({ ...none, bins: [bin(0, '1'), bin(3, '2'), bin(80, '3')] })).toBe(
      `  1   0\n  2   3  █▌\n  3  80  ${'█'.repeat(40)}\n`,
    );
  });
});
