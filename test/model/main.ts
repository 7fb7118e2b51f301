import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runProgram } from '../support/program.ts';
import { programFile } from '../support/program-files.ts';
import { CATALOGUE } from './catalogue.ts';
import type { CheckReport } from './report.ts';
import { reportText, runCheck } from './report.ts';

const HELP = `npm run model-check -- [--only TEXT] [--trace] [--json]

Explores every state of small systems with the production step functions of consensus and rounds: messages are
lost, delayed, repeated and reordered in every way. Scopes of the real code must hold; variants with one broken
part must be found as a violation.

  --only TEXT   only the checks whose name contains TEXT
  --trace       the shortest counter-example of every variant
  --jobs N      processes at once (default: the number of cores, at most 4)
  --json        one JSON object on standard output instead of text

Exits with 1 when a scope is violated or has too many states, or when a variant is not found.`;

const JOBS_MAX = 4;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      trace: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(Math.min(availableParallelism(), JOBS_MAX)) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const jobs = Number(values.jobs);
  const names = CATALOGUE.map(({ name }) => name).filter((name) => name.includes(values.only));
  if (!Number.isSafeInteger(jobs) || jobs < 1 || names.length === 0) {
    console.error(
      `expected a number of jobs and the name of a check, got --jobs ${values.jobs} --only ${values.only}`,
    );
    return 2;
  }
  const from = performance.now();
  const reports = await runAll(names, jobs, (report) => {
    if (!values.json) console.log(reportText(report, values.trace));
  });
  const failed = reports.filter(({ passed }) => !passed).length;
  const passed = reports.length - failed;
  const states = reports.reduce((sum, report) => sum + report.states, 0);
  const seconds = Math.round(performance.now() - from) / 1_000;
  if (values.json) console.log(JSON.stringify({ passed, failed, states, seconds, checks: reports }));
  else
    console.log(
      `${states.toLocaleString('en')} states in ${seconds.toFixed(1)} s\n${passed} passed, ${failed} failed`,
    );
  return failed === 0 ? 0 : 1;
}

/** Runs the checks, several in child processes that take the next one when free; reports in the order of the list. */
async function runAll(
  names: readonly string[],
  jobs: number,
  told: (report: CheckReport) => void,
): Promise<readonly CheckReport[]> {
  if (jobs === 1) {
    return CATALOGUE.filter(({ name }) => names.includes(name)).map((check) => {
      const report = runCheck(check);
      told(report);
      return report;
    });
  }
  const waiting = [...names];
  const reports = new Map<string, CheckReport>();
  async function work(): Promise<void> {
    const child = fork(programFile('test/model/worker'));
    const died = once(child, 'exit').then(() =>
      Promise.reject(new Error('a process of the model checker died')),
    );
    died.catch(() => {});
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      child.send(name);
      const [report] = (await Promise.race([once(child, 'message'), died])) as [CheckReport];
      reports.set(report.name, report);
      told(report);
    }
    child.disconnect();
  }
  await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, work));
  return names.flatMap((name) => reports.get(name) ?? []);
}

await runProgram(main);
