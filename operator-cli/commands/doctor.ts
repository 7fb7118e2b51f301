import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import type { ToldCount } from '../../src/protocol/told-counts.ts';
import { addTold, toldText } from '../../src/protocol/told-counts.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import type { AuditReport, Problem } from '../operator/index.ts';
import { clockProblems, diagnose } from '../operator/index.ts';
import { counted, type Palette, renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addDoctor(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('doctor')
    .description('let every node check all its rows, flags and copies, and say what is wrong');
  examples(command, [
    ['m-cloud doctor', 'ends with OK, or with what is wrong and what to do'],
    ['m-cloud doctor --json', 'for a monitor; exit code 5 for what may mend itself, 1 for what does not'],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async () => {
    const session = createSession(command, environment);
    await session.withOperator(async ({ operator }) => {
      // Asked before the nodes are busy: an answer that takes long says little about a clock.
      const clocks = await operator.clocks({ signal: environment.signal });
      session.progress('every node reads all its rows');
      const reports = await operator.audit({ signal: environment.signal });
      session.progress(undefined);
      const problems = [...diagnose(reports, operator.ring.epoch), ...clockProblems(clocks)];
      const ok = problems.length === 0;
      session.answer({ ok, problems, nodes: reports }, () =>
        [auditTable(reports, session.palette), '\n', verdictText(problems, session.palette)].join(''),
      );
      if (ok) return;
      const lasting = problems.filter(({ passing }) => !passing).length;
      if (lasting === 0) {
        throw new EngineError(
          'NOT_READY',
          `expected a sound cluster, got ${counted(problems.length, 'problem')} that may pass`,
        );
      }
      throw new EngineError(
        'UNSOUND',
        `expected a sound cluster, got ${counted(lasting, 'problem')} that will not pass`,
      );
    });
  });
}

const COLUMNS = [
  'rows',
  'corrupt',
  'misplaced',
  'conflict',
  'stray',
  'flags',
  'undecided',
  'overdue',
  'short',
  'thin',
  'hinted',
  'windows',
] as const;

function auditTable(reports: readonly AuditReport[], palette: Palette): string {
  const lines = reports.map((report) => {
    if (!('audit' in report)) {
      return [report.domain, report.node, palette.bad(report.failure.code), ...COLUMNS.map(() => '')];
    }
    const { rows, flags, copies, windows, thinPartitions, hintedPartitions, doubt } = report.audit;
    const numbers: Readonly<Record<(typeof COLUMNS)[number], ToldCount>> = {
      rows: rows.good,
      corrupt: rows.corrupt + flags.corrupt,
      misplaced: rows.misplaced,
      conflict: rows.conflict,
      stray: rows.stray + flags.stray,
      flags: [flags.true, flags.error, flags.elsewhere, flags.undecided].reduce(addTold),
      undecided: flags.undecided,
      overdue: flags.overdue,
      short: copies.short,
      thin: thinPartitions,
      hinted: hintedPartitions,
      windows: windows.OPEN + windows.SEALED + windows.SETTLED + windows.RELEASED + windows.WITHHELD,
    };
    const store = doubt === null ? palette.good('trusted') : palette.bad('in doubt');
    return [report.domain, report.node, store, ...COLUMNS.map((column) => toldText(numbers[column]))];
  });
  const right = COLUMNS.map(() => 'right' as const);
  return renderTable([['domain', 'node', 'store', ...COLUMNS], ...lines], ['left', 'left', 'left', ...right]);
}

function verdictText(problems: readonly Problem[], palette: Palette): string {
  if (problems.length === 0) return `${palette.good('OK')}\n`;
  const told = problems.map(
    ({ node, what, hint }) => `  ${palette.strong(node)}: ${palette.bad(what)}\n    ${hint}\n`,
  );
  return `${counted(problems.length, 'problem')}:\n${told.join('')}`;
}
