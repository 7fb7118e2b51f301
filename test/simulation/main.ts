import { parseArgs } from 'node:util';
import { forbidRealWorld } from './kernel/index.ts';
import { planOf } from './plan.ts';
import { replayCommand, summaryOf, summaryText } from './report.ts';
import { type RunReport, runPlan } from './run.ts';
import { shrinkPlan } from './shrink.ts';

const HELP = `npm run simulate -- [--seeds N] [--seed S] [--json] [--trace] [--shrink]

Runs sensors, nodes and operator in one process on a simulated clock, network and disk, with faults, and
checks every invariant. The seeds are S, S+1, ...; the same seed always runs the same way.

  --seeds N   how many seeds to run (default 100)
  --seed S    the first seed (default 1)
  --json      one JSON object on standard output instead of text
  --trace     every event of every run on standard error
  --shrink    the smallest plan found that still fails, for every seed that does, on standard error

Exits with 1 when an invariant was violated.`;

/** Seeds of one command; more belong into several processes. */
const SEEDS_MAX = 1_000_000;

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(`expected --${name} from ${least} to ${most}, got ${text}`);
  }
  return value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const seeds = wholeNumber('seeds', values.seeds, 1, SEEDS_MAX);
  const first = wholeNumber('seed', values.seed, 0, Number.MAX_SAFE_INTEGER - SEEDS_MAX);
  const reports: RunReport[] = [];
  const allow = forbidRealWorld();
  for (let seed = first; seed < first + seeds; seed++) {
    const plan = planOf(seed);
    const report = await runPlan(plan, values.trace ? { listener: (line) => console.error(line) } : {});
    reports.push(report);
    if (report.violations.length === 0) continue;
    console.error(`seed ${seed}: ${report.violations.length} violations; ${replayCommand(seed)}`);
    for (const violation of report.violations) console.error(`  ${violation}`);
    if (!values.shrink) continue;
    const small = await shrinkPlan(plan, async (one) => (await runPlan(one)).violations.length > 0);
    console.error(JSON.stringify(small, null, 2));
  }
  allow();
  const summary = summaryOf(reports);
  console.log(values.json ? JSON.stringify(summary) : summaryText(summary));
  return summary.violations === 0 ? 0 : 1;
}

process.exitCode = await main();
