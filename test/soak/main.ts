import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { atExit } from '../../operator-cli/at-exit.ts';
import { runProgram, WrongCall } from '../support/program.ts';
import {
  addTotals,
  commandOf,
  firstSteps,
  type Report,
  roundOf,
  type SoakStep,
  summaryLine,
  type Totals,
} from './steps.ts';

const HELP = `npm run soak -- [--hours H] [--rounds-only]

Runs everything that shows a fault, for long: the tests, the model checker, the mutants and the attacks once, then rounds of
fresh seeds of the simulator, kills of real node processes in every shape, and damage to files of real stores.
Ends with the first failure, whose command it repeats, or with the round in which the time is over.

  --hours H       hours until no new step begins (default 1)
  --rounds-only   begins with the rounds

Exits with 1 when a step failed.`;

const HOURS_MAX = 1_000;
const MS_PER_HOUR = 3_600_000;
/** Seeds that a person can type again. */
const SEED_MAX = 1_000_000_000;

const freshSeed = (): number => randomInt(SEED_MAX);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      hours: { type: 'string', default: '1' },
      'rounds-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const hours = Number(values.hours);
  if (!(hours > 0 && hours <= HOURS_MAX)) {
    throw new WrongCall(`expected --hours above 0 and up to ${HOURS_MAX}, got ${values.hours}`);
  }
  const from = performance.now();
  const passed = () => (performance.now() - from) / MS_PER_HOUR;
  let totals: Totals = {};
  let failed: string | null = null;
  for (const step of stepsFor(() => passed() < hours, values['rounds-only'])) {
    const command = commandOf(step);
    console.log(`${passed().toFixed(2)} h  ${command}`);
    const report = await run(step);
    if (report === null) {
      failed = command;
      break;
    }
    totals = addTotals(totals, step.countsOf?.(report) ?? {});
  }
  console.log(summaryLine(totals, passed(), failed));
  return failed === null ? 0 : 1;
}

function* stepsFor(timeIsLeft: () => boolean, roundsOnly: boolean): Generator<SoakStep> {
  const first = roundsOnly ? [] : firstSteps(freshSeed);
  for (let round = -1; timeIsLeft(); round++) {
    for (const step of round < 0 ? first : roundOf(round, freshSeed)) {
      if (!timeIsLeft()) return;
      yield step;
    }
  }
}

let running: ChildProcess | undefined;
// Ended from outside, a soak ends its step too; npm passes the signal on.
atExit(() => void running?.kill('SIGTERM'));

/** @returns what the command printed as JSON, an empty object where it prints none, null where it failed. */
async function run({ script, args, env, countsOf }: SoakStep): Promise<Report | null> {
  const counted = countsOf !== undefined;
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    env: { ...process.env, ...env },
    // Whatever is no report belongs to the person who reads along.
    stdio: ['ignore', counted ? 'pipe' : 'inherit', 'inherit'],
  });
  running = child;
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [code]: (number | null)[] = await once(child, 'close');
  if (code !== 0) {
    process.stdout.write(printed);
    return null;
  }
  return counted ? (JSON.parse(printed) as Report) : {};
}

await runProgram(main);
