import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runProgram } from '../support/program.ts';
import { benchChart } from './chart.ts';
import { InexactSumError } from './comparison.ts';
import { benchTable, quickDuration, rowLine } from './report.ts';
import { ROW_NAMES, runBench } from './run-bench.ts';
import { FULL_SIZES, QUICK_SIZES } from './sizes.ts';

const HELP = `npm run bench -- [--json] [--only NAME] [--pairs N] [--quick] [--in-process] [--svg FILE]

Measures m-cloud against other ways to do the same work, both in this run and in turns, and checks that the
sums of every run are exact. Figures of one machine: the ratios say something, the absolute numbers do not.

  --json        one JSON array of rows on standard output instead of a table
  --only NAME   one row: ${ROW_NAMES.join(', ')}
  --pairs N     how often the two sides of a row take turns (default 5; 1 with --quick)
  --quick       little work per row: shows that all rows run and are exact; their figures mean nothing and meet no target
  --in-process  all nodes in this process, for a profile of everything together
  --svg FILE    also draws the rows that have a target

Exits with 1 when a sum was not exact, 2 when it was not called as above.`;

const PAIRS_MAX = 1_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      pairs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'in-process': { type: 'boolean', default: false },
      svg: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const pairs = Number(values.pairs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(pairs) || pairs < 1 || pairs > PAIRS_MAX) {
    console.error(`expected --pairs from 1 to ${PAIRS_MAX}, got ${values.pairs}`);
    return 2;
  }
  const begun = performance.now();
  const { only } = values;
  if (only !== undefined && !ROW_NAMES.includes(only)) {
    console.error(`expected --only with one of ${ROW_NAMES.join(', ')}, got ${only}`);
    return 2;
  }
  try {
    const sizes = values.quick ? QUICK_SIZES : FULL_SIZES;
    const rows = await runBench({
      pairs,
      sizes: values['in-process'] ? { ...sizes, processes: false } : sizes,
      ...(only === undefined ? {} : { only }),
      onRow: (name) => console.error(`measuring ${name}`),
      // A quick run's figures mean nothing.
      ...(values.quick ? {} : { onMeasured: (row) => console.error(rowLine(row)) }),
    });
    console.log(values.json ? JSON.stringify(rows, null, 2) : benchTable(rows, !values.quick).trimEnd());
    if (values.svg !== undefined) await writeFile(values.svg, benchChart(rows));
    if (values.quick) console.error(quickDuration((performance.now() - begun) / 1_000));
    return 0;
  } catch (error) {
    if (!(error instanceof InexactSumError)) throw error;
    console.error(error.message);
    return 1;
  }
}

await runProgram(main);
