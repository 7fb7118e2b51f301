import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

describe('the data of the demo', () => {
  it('comes with the package: 8,759 temperatures of one decimal', async () => {
    const readings = await readDemoReadings({});
    expect(readings.texts).toHaveLength(8_759);
    expect(readings).toMatchObject({ column: 'temperature', decimals: 1, min: '3.1', max: '24.4' });
  });

  it('has as many decimals as its most precise cell, and exact bounds', async () => {
    const file = await csv('id,v\n1,4.00\n2,-1.25e1\n3,"+0.125"\n');
    expect(await readDemoReadings({ csv: file, column: 'v' })).toMatchObject({
      decimals: 3,
      min: '-12.5',
      max: '4',
      texts: ['4.00', '-1.25e1', '+0.125'],
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
    expect(await readDemoReadings({ csv: file })).toMatchObject({ decimals: 0, max: '9'.repeat(38) });
  });

  it('needs a column where a file has several, and the file itself', async () => {
    const file = await csv('a,b\n1,2\n');
    const several = await cli(['demo', '--csv', file], { clock });
    expect(several).toMatchObject({ code: 2 });
    expect(several.err).toContain('--column with one of a, b');
    const missing = await cli(['demo', '--csv', `${file}.gone`], { clock });
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.err).toContain('ENOENT');
  });
});

describe('the demo', () => {
  it('uploads a column through real nodes and prints exactly the plain statistics', async () => {
    const before = await leftovers();
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
    expect(await leftovers()).toEqual(before);
  });

  it('has no sample variance for one reading, and tells a person so', async () => {
    const run = await cli(['demo', '--csv', await csv('v\n-0.5\n')], { clock });
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/variance, sample +none +none +same/);
    expect(run.out).toContain('Exact: every digit the same.');
    expect(run.err).toContain('starting 3 domains of 2 nodes');
  });

  it('stops and cleans up when it is interrupted', async () => {
    const before = await leftovers();
    const stop = new AbortController();
    const run = await cli(['demo'], {
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
