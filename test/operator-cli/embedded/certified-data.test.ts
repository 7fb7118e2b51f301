import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/platform/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { certified, readingsOf } from '../../vectors/certified-data.ts';
import { cli } from '../support/cli.ts';

/** Uploads a file through real nodes and gives back what the command found; it must be exact. */
async function uploaded(rows: readonly string[], options: readonly string[]) {
  const path = join(await temporaryFolder(), 'readings.csv');
  await writeFile(path, `${rows.join('\n')}\n`);
  const run = await cli(['demo', '--csv', path, ...options, '--json', '--quiet'], { clock: systemClock() });
  expect(run).toMatchObject({ code: 0, err: '' });
  const answer = JSON.parse(run.out);
  expect(answer).toMatchObject({ exact: true, errored: 0 });
  return answer.result;
}

/** A thousand readings through six nodes, on a computer that has other work too, milliseconds. */
const TIMEOUT_MS = 240_000;

describe('published data through the whole cluster', { timeout: TIMEOUT_MS }, () => {
  it('gives the regression of Norris to the digits that NIST certifies', async () => {
    const [norris] = certified.regression;
    if (norris === undefined) throw new Error('expected the data of Norris');
    const { y = [], x = [] } = norris.columns;
    const rows = ['y,x', ...y.map((value, i) => `${value},${x[i]}`)];
    const { regression } = await uploaded(rows, ['--columns', 'y,x', '--regress', 'y', '--digits', '15']);
    const [intercept, slope] = regression.coefficients;
    const same = (text: string, value: string) => expect(Number(text)).toBe(Number(value));
    same(intercept.estimate, norris.certified['(intercept)'][0]);
    same(intercept.standardError, norris.certified['(intercept)'][1]);
    same(slope.estimate, norris.certified.x[0]);
    same(slope.standardError, norris.certified.x[1]);
    same(regression.residualStandardDeviation, norris.certified.residualStandardDeviation);
    same(regression.r2, norris.certified.r2);
    same(regression.f, norris.certified.f);
  });

  it('gives NumAcc4 exactly', async () => {
    const set = certified.univariate.find(({ name }) => name === 'NumAcc4');
    if (set === undefined) throw new Error('expected NumAcc4');
    const result = await uploaded(['x', ...readingsOf(set)], ['--column', 'x']);
    expect(result).toMatchObject({
      count: set.certified.count,
      mean: { decimal: set.certified.mean },
      standardDeviation: { sample: set.certified.standardDeviation },
    });
  });

  it('gives two readings far from zero, a hundred times in turn, a standard deviation of exactly 0.1', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? '10000000.1' : '10000000.3'));
    const result = await uploaded(['x', ...rows], ['--column', 'x']);
    expect(result).toMatchObject({
      count: 100,
      sum: '1000000020',
      mean: { fraction: '50000001/5', decimal: '10000000.2' },
      variance: { population: { fraction: '1/100', decimal: '0.01' } },
      standardDeviation: { population: '0.1' },
    });
  });
});
