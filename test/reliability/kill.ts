import { parseArgs } from 'node:util';
import { runProgram, WrongCall, wholeOption } from '../support/program.ts';
import type { FaultMode } from './faults.ts';
import { replayCommand, reportText } from './kill-report.ts';
import { runKills } from './kill-run.ts';

const HELP = `npm run kill -- [--nodes 3x2] [--kills N] [--seed S] [--mode one] [--rate R] [--json]

Starts a cluster of real node processes on loopback, uploads readings without a pause, kills (SIGKILL) and
pauses (SIGSTOP) nodes at random and starts them again on their disks, and checks every result against what
the sensors were told, reading by reading.

  --nodes DxN  three domains of N nodes, 3x2 to 3x9 (default 3x2)
  --kills N    processes to kill (default 50)
  --seed S     decides which nodes, when and how (default 1)
  --mode M     one: never more than one node down; domain-each: one of every domain at once (default one)
  --rate R     readings that begin in a second (default 20)
  --json       one JSON object on standard output instead of text

Exits with 1 when a committed reading was lost or doubled, a result was wrong, or a node or window hung.`;

const MODES: readonly FaultMode[] = ['one', 'domain-each'];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '3x2' },
      kills: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      mode: { type: 'string', default: 'one' },
      rate: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const mode = MODES.find((known) => known === values.mode);
  if (mode === undefined) throw new WrongCall(`expected --mode ${MODES.join(' or ')}, got ${values.mode}`);
  const nodesPerDomain = /^3x([2-9])$/.exec(values.nodes)?.[1];
  if (nodesPerDomain === undefined) throw new WrongCall(`expected --nodes 3x2 to 3x9, got ${values.nodes}`);
  const report = await runKills({
    nodesPerDomain: Number(nodesPerDomain),
    kills: wholeOption('kills', values.kills, 1, 100_000),
    seed: wholeOption('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    mode,
    perSecond: wholeOption('rate', values.rate, 1, 10_000),
    onProgress: (text) => console.error(text),
  });
  console.log(values.json ? JSON.stringify(report, null, 2) : reportText(report));
  for (const violation of report.violations) console.error(violation);
  if (report.violations.length === 0) return 0;
  console.error(replayCommand(report));
  return 1;
}

await runProgram(main);
