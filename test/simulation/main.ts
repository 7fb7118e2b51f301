import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runProgram, wholeOption } from '../support/program.ts';
import { forbidRealWorld } from './kernel/index.ts';
import { type Plan, planOf } from './plan.ts';
import { replayCommand, summaryOf, summaryText } from './report.ts';
import { type RunOptions, type RunReport, runPlan } from './run.ts';
import { checkReplays, runSeeds } from './seeds.ts';
import { shrinkPlan } from './shrink.ts';

const HELP = `npm run simulate -- [--seeds N] [--seed S] [--jobs N] [--repeat N] [--first] [--json] [--trace] [--shrink]
npm run simulate -- --plan FILE [--trace] [--json]

Runs sensors, nodes and operator in one process on a simulated clock, network and disk, with faults, and
checks every invariant. The seeds are S, S+1, ...; the same seed always runs the same way.

  --seeds N   how many seeds to run (default 100)
  --seed S    the first seed (default 1)
  --jobs N    processes at once (default: the number of cores, at most 4)
  --repeat N  runs the first N seeds a second time and compares the hashes over all that happened (default 0)
  --first     ends with the first violation, which is told alone; in one process
  --json      one JSON object on standard output instead of text
  --trace     every event of every run on standard error, in one process
  --shrink    the smallest plan found that still fails, for the first seed that does, on standard error
  --plan FILE runs one plan, as --shrink prints it, instead of seeds

Exits with 1 when an invariant was violated.`;

/** Seeds of one command; more belong into several. */
const SEEDS_MAX = 1_000_000;
const JOBS_MAX = 64;
/** Processes where nobody asks for a number. */
const JOBS = Math.min(availableParallelism(), 4);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(JOBS) },
      repeat: { type: 'string', default: '0' },
      plan: { type: 'string' },
      first: { type: 'boolean', default: false },
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
  const count = wholeOption('seeds', values.seeds, 1, SEEDS_MAX);
  const first = wholeOption('seed', values.seed, 0, Number.MAX_SAFE_INTEGER - SEEDS_MAX);
  const repeat = wholeOption('repeat', values.repeat, 0, count);
  const jobs = wholeOption('jobs', values.jobs, 1, JOBS_MAX);
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  const again = seeds.slice(0, repeat);
  const planned = values.plan === undefined ? undefined : readPlan(values.plan);
  const reports: readonly RunReport[] =
    planned !== undefined
      ? await inThisProcess([planned], values)
      : jobs === 1 || count + repeat === 1 || values.trace || values.first
        ? await inThisProcess(
            [...seeds, ...again].map((seed) => planOf(seed)),
            values,
          )
        : await runSeeds([...seeds, ...again], jobs, told);
  const differing = checkReplays(reports);
  for (const text of differing) console.error(text);
  const summary = summaryOf(reports.slice(0, reports.length - repeat), differing.length);
  const failed = reports.find(({ violations }) => violations.length > 0);
  if (values.shrink && failed !== undefined) await printSmallest(planned ?? planOf(failed.seed));
  console.log(values.json ? JSON.stringify(summary) : summaryText(summary));
  return summary.violations === 0 ? 0 : 1;
}

function readPlan(path: string): Plan {
  return JSON.parse(readFileSync(path, 'utf8')) as Plan;
}

async function inThisProcess(
  plans: Iterable<Plan>,
  { trace, first }: { readonly trace: boolean; readonly first: boolean },
): Promise<readonly RunReport[]> {
  const reports: RunReport[] = [];
  const options: RunOptions = {
    endsWith: () => first,
    ...(trace ? { listener: (line) => console.error(line) } : {}),
  };
  const allow = forbidRealWorld();
  for (const plan of plans) {
    const report = await runPlan(plan, options);
    reports.push(report);
    told(report);
    if (first && report.violations.length > 0) break;
  }
  allow();
  return reports;
}

function told({ seed, violations }: RunReport): void {
  if (violations.length === 0) return;
  console.error(`seed ${seed}: ${violations.length} violations; ${replayCommand(seed)}`);
  for (const violation of violations) console.error(`  ${violation}`);
}

async function printSmallest(plan: Plan): Promise<void> {
  const allow = forbidRealWorld();
  const small = await shrinkPlan(
    plan,
    async (one) => (await runPlan(one, { endsWith: () => true })).violations.length > 0,
  );
  allow();
  console.error(`the smallest plan found that fails, for npm run simulate -- --plan FILE:`);
  console.error(JSON.stringify(small, null, 2));
}

await runProgram(main);
