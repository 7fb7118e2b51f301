import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDemoReadings } from '../../../operator-cli/embedded/demo-readings.ts';
import { systemClock } from '../../../src/platform/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { cli } from '../support/cli.ts';

const clock = systemClock();

async function csv(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'readings.csv');
  await writeFile(path, text);
  return path;
}

/** Folders the embedded cluster keeps its data in; none may be left behind. */
async function leftovers(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('m-cloud-'));
}

/** Other programs on this computer make such folders too, so the demo gets a place for its own. */
const usual = process.env.TMPDIR;
let own = '';
beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'mcloud-demo-'));
  process.env.TMPDIR = own;
});
afterAll(async () => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  await rm(own, { recursive: true, force: true });
});

describe('the data of the demo', () => {
  it('comes with the package: 8,759 temperatures of one decimal', async () => {
    const readings = await readDemoReadings({});
    expect(readings.readings).toHaveLength(8_759);
    expect(readings.columns).toMatchObject([
      { field: 'reading', column: 'temperature', decimals: 1, min: '3.1', max: '24.4' },
    ]);
  });

  it('has as many decimals as its most precise cell, and exact bounds', async () => {
    const file = await csv('id,v\n1,4.00\n2,-1.25e1\n3,"+0.125"\n');
    expect(await readDemoReadings({ csv: file, column: 'v' })).toMatchObject({
      columns: [{ decimals: 3, min: '-12.5', max: '4' }],
      readings: ['4.00', '-1.25e1', '+0.125'],
    });
    expect(await readDemoReadings({ csv: file, columns: ['v', 'id'] })).toMatchObject({
      columns: [
        { field: 'v', decimals: 3 },
        { field: 'id', decimals: 0, min: '1', max: '3' },
      ],
      readings: [
        { v: '4.00', id: '1' },
        { v: '-1.25e1', id: '2' },
        { v: '+0.125', id: '3' },
      ],
    });
  });

  it.each([
    ['a blank cell', '1\n\n3', [], 3, /^MALFORMED_TEXT: row 2 .*column v: .*blank/],
    ['a word', '1\n2\nmany', [], 3, /^MALFORMED_TEXT: row 3 .*column v: /],
    ['NaN', 'NaN', [], 3, /row 1 .*column v/],
    ['an over-long cell', '1'.repeat(61), [], 3, /row 1 .*column v: .*60 characters/],
    ['a number beyond any stream', '1e99', [], 3, /row 1, column v: .*below 10\^38/],
    [
      'a number of 40 digits',
      `1\n${'1234567890'.repeat(4)}`,
      [],
      3,
      /^MALFORMED_TEXT: row 2, column v: .*below 10\^38/,
    ],
    [
      'a number whose square no field holds',
      '1\n-12345678901234567890.5',
      [],
      3,
      /^READING_OUT_OF_BOUNDS: row 2, column v/,
    ],
    ['too many decimals', '1.5\n1.25', ['--decimals', '1'], 3, /^READING_TOO_PRECISE: row 2, column v/],
    ['no rows', '', [], 3, /column v: expected at least one row/],
    ['another column', '1', ['--column', 'w'], 2, /^INVALID_ARGUMENT: expected one of the columns v, got w/],
  ])('is refused for %s, and no cluster starts', async (_, rows, options, code, message) => {
    const file = await csv(`v\n${rows}${rows === '' ? '' : '\n'}`);
    const run = await cli(['demo', '--csv', file, ...options], { clock });
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err).toMatch(message);
    expect(run.err).not.toContain('starting');
  });

  it('never shows a cell in a message', async () => {
    for (const cell of ['secret-word', '1234567890'.repeat(4), '12345678901234567890.5']) {
      const file = await csv(`v\n${cell}\n1\n`);
      const { err } = await cli(['demo', '--csv', file], { clock });
      // The middle of the bounds would show the cell as well.
      for (const part of [cell, '61728394506172839450']) expect(err).not.toContain(part);
    }
  });

  it('takes the largest whole number there is room for', async () => {
    const file = await csv(`v\n${'9'.repeat(38)}\n`);
    expect(await readDemoReadings({ csv: file })).toMatchObject({
      columns: [{ decimals: 0, max: '9'.repeat(38) }],
    });
  });

  it('needs a column where a file has several, and the file itself', async () => {
    const file = await csv('a,b\n1,2\n');
    const several = await cli(['demo', '--csv', file], { clock });
    expect(several).toMatchObject({ code: 2 });
    expect(several.err).toContain('--column or --columns with some of a, b');
    const missing = await cli(['demo', '--csv', `${file}.gone`], { clock });
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.err).toContain('ENOENT');
  });
});

describe('the demo', () => {
  it('uploads a column through real nodes and prints exactly the plain statistics', async () => {
    const values = ['1.5', '-2', '0.25', '1e3', '999.99', '-1000', '0', '0', '7', '8', '9.1'];
    const file = await csv(`v\n${values.join('\n')}\n`);
    const run = await cli(['demo', '--csv', file, '--json', '--quiet'], { clock });
    expect(run).toMatchObject({ code: 0, err: '' });
    const report = JSON.parse(run.out);
    expect(Object.keys(report)).toEqual([
      'domains',
      'nodes',
      'uploaded',
      'committed',
      'errored',
      'result',
      'plain',
      'exact',
    ]);
    expect(report).toMatchObject({
      domains: 3,
      nodes: 6,
      uploaded: 11,
      committed: 11,
      errored: 0,
      exact: true,
    });
    expect(report.result).toEqual(report.plain);
    expect(report.result).toMatchObject({ count: 11, sum: '1023.84' });
    expect(await leftovers()).toEqual([]);
  });

  it('uploads rows of several columns as readings of several fields, and regresses one on the others', async () => {
    const rows = ['1,2.5,3', '2,3.5,-1', '4,1,0.25', '3,7,2', '5.5,6,9', '7,8.25,4'];
    const file = await csv(`y,x 1,x2\n${rows.join('\n')}\n`);
    const options = ['--columns', 'y,x 1,x2', '--regress', 'y', '--digits', '30', '--json', '--quiet'];
    const run = await cli(['demo', '--csv', file, ...options], { clock });
    expect(run).toMatchObject({ code: 0, err: '' });
    const { result, plain, exact } = JSON.parse(run.out);
    expect(exact).toBe(true);
    expect(result).toEqual(plain);
    expect(Object.keys(result)).toEqual(['count', 'fields', 'covariance', 'correlation', 'regression']);
    expect(result.fields['x 1']).toMatchObject({ count: 6, sum: '28.25' });
    expect(result.covariance.y).toEqual({ y: '4.975', 'x 1': '3.8625', x2: '4.1625' });
    expect(result.correlation.x2.y).toBe('0.532249810323280920102209388913');
    // The figures of an independent computation with mpmath at 50 digits.
    expect(result.regression).toEqual({
      response: 'y',
      coefficients: [
        {
          term: '(intercept)',
          estimate: '1.44824637868470850361113023249',
          standardError: '1.82137894898750849836243270748',
          t: '0.795137321362903795569795956710',
          p: '0.484632232325275067567974244328',
        },
        {
          term: 'x 1',
          estimate: '0.370587937799493416237372282872',
          standardError: '0.388948124661896029242114740258',
          t: '0.952795281174416984583274252702',
          p: '0.410985398666025038799102704589',
        },
        {
          term: 'x2',
          estimate: '0.193705071597452751862460963127',
          standardError: '0.311996105602454263988440113719',
          t: '0.620857338021622421353055838339',
          p: '0.578669775254211165732106633695',
        },
      ],
      residualStandardDeviation: '2.13592553308281310352824497413',
      r2: '0.449787592015063396953637025449',
      adjustedR2: '0.0829793200251056615893950424157',
      f: '1.22621987114668292268315342607',
      p: '0.408127228568756629567198003963',
    });
  });

  it.each([
    ['a blank cell', 'y,x\n1,2\n3,\n', 'y,x', ['--regress', 'y'], 3, /row 2 .*column x: .*blank/],
    [
      'collinear columns',
      'y,a,b\n1,1,2\n2,3,6\n5,4,8\n7,9,18\n',
      'y,a,b',
      ['--regress', 'y'],
      3,
      /^SINGULAR_DESIGN: .*: a, b\n/,
    ],
    [
      'a constant column',
      'y,a\n1,3\n2,3\n5,3\n',
      'y,a',
      ['--regress', 'y'],
      3,
      /^SINGULAR_DESIGN: .*: \(intercept\), a\n/,
    ],
    [
      'a response that is no column',
      'y,a\n1,3\n',
      'y,a',
      ['--regress', 'z'],
      2,
      /one of the columns y, a, got z/,
    ],
    ['a column twice', 'y,a\n1,3\n', 'y,a,y', [], 2, /every column once, got y twice/],
    ['a response alone', 'y,a\n1,3\n', 'y', ['--regress', 'y'], 2, /a column beside the one to regress/],
    ['one column and several', 'y,a\n1,3\n', 'y,a', ['--column', 'y'], 2, /--column or --columns, got both/],
  ])('refuses %s, and no cluster starts', async (_, text, columns, options, code, message) => {
    const run = await cli(['demo', '--csv', await csv(text), '--columns', columns, ...options], { clock });
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err).toMatch(message);
    expect(run.err).not.toContain('starting');
  });

  it('has no sample variance for one reading, and tells a person so', async () => {
    const run = await cli(['demo', '--csv', await csv('v\n-0.5\n')], { clock });
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/variance, sample +none +none +same/);
    expect(run.out).toContain('Exact: every digit the same.');
    expect(run.err).toContain('starting 3 domains of 2 nodes');
  });

  it('stops and cleans up when it is interrupted', async () => {
    const stop = new AbortController();
    // Of few readings: the keys of thousands of sensors would take their time first.
    const file = await csv('v\n1\n2\n');
    const before = await leftovers();
    const run = await cli(['demo', '--csv', file], {
      clock,
      signal: stop.signal,
      err: (text) => {
        if (text.startsWith('starting')) queueMicrotask(() => stop.abort(new Error('enough')));
      },
    });
    expect(run).toMatchObject({ code: 130, out: '' });
    expect(await leftovers()).toEqual(before);
  });
});
