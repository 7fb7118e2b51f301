import type { Command } from 'commander';
import { EngineError, printable } from '../../src/foundation/index.ts';
import { toldText } from '../../src/protocol/told-counts.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import type { NodeReport } from '../operator/index.ts';
import { type Palette, renderTable, shownAge } from '../output.ts';
import { createSession } from '../session.ts';

export function addStatus(parent: Command, environment: CliEnvironment): void {
  const command = parent.command('status').description('how every node of the ring is');
  examples(command, [
    ['m-cloud status', ''],
    ['m-cloud status --json', 'for a monitor; exit code 5 when a node is not ready'],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async () => {
    const session = createSession(command, environment);
    await session.withOperator(async ({ operator }) => {
      const reports = await operator.status({ signal: environment.signal });
      session.answer(reports, () => statusText(reports, session.palette));
      const absent = reports.filter((report) => !('status' in report) || !report.status.ready);
      if (absent.length > 0) {
        throw new EngineError(
          'NOT_READY',
          `expected all ${reports.length} nodes ready, got ${absent.length} that are not: ${absent.map(({ node }) => node).join(', ')}`,
        );
      }
    });
  });
}

function statusText(reports: readonly NodeReport[], palette: Palette): string {
  const header = [
    'domain',
    'node',
    'state',
    'epoch',
    'streams',
    'undecided',
    'thin',
    'hinted',
    'corrupt',
    'acceptors',
    'up',
  ];
  const rows = reports.map((report) => {
    if (!('status' in report)) {
      return [report.domain, report.node, palette.bad(report.failure.code), '', '', '', '', '', '', '', ''];
    }
    const { ready, epoch, streams, undecidedFlags, thinPartitions, hintedPartitions } = report.status;
    const { corruptRows, acceptors, uptimeMs } = report.status;
    return [
      report.domain,
      report.node,
      ready ? palette.good('ready') : palette.bad('not ready'),
      String(epoch),
      String(streams),
      toldText(undecidedFlags),
      toldText(thinPartitions),
      toldText(hintedPartitions),
      String(corruptRows),
      String(acceptors),
      shownAge(uptimeMs),
    ];
  });
  const numbers = Array.from({ length: 8 }, () => 'right' as const);
  const table = renderTable([header, ...rows], ['left', 'left', 'left', ...numbers]);
  const failures = reports.flatMap((report) =>
    'status' in report ? [] : [[report.node, `${report.failure.code}: ${report.failure.message}`]],
  );
  const waiting = reports.flatMap((report) =>
    'status' in report && !report.status.ready
      ? [[report.node, printable(report.status.reasons.join(', ')) || 'it does not say why']]
      : [],
  );
  return [table, listed('Not ready', waiting), listed('No answer', failures), awayText(reports)].join('');
}

function listed(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n${title}:\n${renderTable(rows)}`;
}

/** Of a domain that is away nothing else is lost than time; a person who sees six lines of one cloud asks. */
function awayText(reports: readonly NodeReport[]): string {
  const here = new Set(reports.flatMap((report) => ('status' in report ? [report.domain] : [])));
  const away = [...new Set(reports.map(({ domain }) => domain))].filter((domain) => !here.has(domain));
  if (away.length === 0) return '';
  return `\nNo node of ${away.join(', ')} serves: uploads and results of streams with ${away.length === 1 ? 'this domain' : 'these domains'} wait until one does.\n`;
}
