import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
} from '../support/fake-clouds.ts';

async function served() {
  const clouds = await fakeClouds();
  const { hash, name } = clouds.stream;
  clouds.on(operations.LIST_STREAMS, () => ({ streams: [{ stream: hash, name }] }));
  serveWindows(clouds, [listedWindow(WINDOW)]);
  serveRows(clouds, honestRows(clouds.stream, ['20.5', '21', '-3.7']));
  const config = join(await clusterFolder(), 'operator.json');
  return (...args: string[]) =>
    cli(['compute', 'temperatures', ...args, '--config', config, '--quiet'], { clouds });
}

describe('compute --format', () => {
  it('is JSON as --json is', async () => {
    const run = await served();
    const { out } = await run('--format', 'json');
    expect(out).toBe((await run('--json')).out);
  });

  it('is CSV of every figure', async () => {
    const run = await served();
    const { code, out } = await run('--format', 'csv');
    expect(code).toBe(0);
    expect((await run('--csv')).out).toBe(out);
    expect(out.split('\n')[0]).toBe('window,group,field,statistic,variant,value,fraction,digits');
    expect(out).toContain(`\n${WINDOW},,x,mean,,12.6,63/5,exact\n`);
  });

  it('is Markdown of the total', async () => {
    const { out } = await (await served())('--format', 'markdown', '--digits', '5');
    expect(out).toContain('## temperatures\n');
    expect(out).toContain('| variance | population | 132.89 | ≈ |');
  });

  it('is a table that --explain goes on from', async () => {
    const { out } = await (await served())('--explain', '--confidence', '0.5');
    expect(out).toMatch(/interval of the mean +0\.5 low/);
    expect(out).toContain('formula  mean -+ t s / sqrt(n), t of Student with n - 1 degrees of freedom');
  });

  it.each([
    [['--csv', '--format', 'table'], 2, /'--csv' cannot be used with option '--format <form>'/],
    [['--format', 'xml'], 2, /Allowed choices are json, table, csv, markdown/],
    [['--confidence', '95'], 2, /Expected a number between 0 and 1/],
    [['--confidence', '0'], 2, /Expected a number between 0 and 1/],
    [['--regress', 'x'], 2, /expected a predictor beside the response x/],
    [['--weight', 'x'], 2, /expected a weight among x and another field, got x/],
    [['--fit', 'x'], 2, /expected a field with cells \(none in this stream\), got x/],
    [['--cross', 'x=2'], 2, /expected a field with cells/],
    [['--cross', 'x'], 2, /Expected a field and its number of columns/],
  ])('refuses %j', async (args, code, message) => {
    const run = await (await served())(...args);
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err).toMatch(message);
  });
});
