import { parseArgs } from 'node:util';
import { atExit } from '../../operator-cli/at-exit.ts';
import { runProgram } from '../support/program.ts';
import { runCampaign } from './campaign.ts';
import { MUTANTS } from './catalogue/index.ts';
import { stopCommands } from './command.ts';
import { reportText, scoreOf, scoreText } from './report.ts';

const HELP = `npm run mutants -- [--only TEXT] [--jobs N] [--patience N] [--list] [--json]

Puts known bugs of the protocol and of storage into a copy of the source, one at a time, and runs the check that
must see each: the simulator, the model checker or a named test. A bug that nobody sees is a hole in the proof.

  --only TEXT    only the mutants whose name contains TEXT
  --jobs N       mutants at the same time (default 2)
  --patience N   multiplies every time limit, on a machine that does other work as well (default 1)
  --list         the mutants and what each breaks; runs nothing
  --json         one JSON object on standard output instead of text

Exits with 1 when a mutant is not killed, 2 when it was not called as above.`;

const JOBS_MAX = 16;
const PATIENCE_MAX = 100;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: '2' },
      patience: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const chosen = MUTANTS.filter(({ name }) => name.includes(values.only));
  const jobs = Number(values.jobs);
  const patience = Number(values.patience);
  if (!isWithin(jobs, JOBS_MAX) || !isWithin(patience, PATIENCE_MAX) || chosen.length === 0) {
    console.error(
      `expected --jobs from 1 to ${JOBS_MAX}, --patience from 1 to ${PATIENCE_MAX} and the name of a mutant, ` +
        `got --jobs ${values.jobs} --patience ${values.patience} --only ${values.only}`,
    );
    return 2;
  }
  if (values.list) {
    for (const { name, breaks } of chosen) console.log(`${name}\n    ${breaks}`);
    return 0;
  }
  atExit(stopCommands);
  const from = performance.now();
  const reports = await runCampaign(chosen, {
    jobs,
    patience,
    told: (report) => {
      if (!values.json) console.log(reportText(report));
    },
  });
  const seconds = Math.round(performance.now() - from) / 1_000;
  const score = scoreOf(reports);
  console.log(values.json ? JSON.stringify({ ...score, seconds, reports }) : scoreText(score, seconds));
  return score.killed === score.mutants ? 0 : 1;
}

function isWithin(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most;
}

await runProgram(main);
