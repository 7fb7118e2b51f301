import type { ResultDocument } from '../../src/statistics/index.ts';
import type { WindowResult } from '../operator/index.ts';
import { counted, type Palette, renderTable } from '../output.ts';
import type { DemoReadings } from './demo-readings.ts';
import type { DemoReport, DemoTimes } from './run-demo.ts';
import type { EmbeddedCluster } from './start-cluster.ts';

export interface DemoStory {
  readonly readings: DemoReadings;
  readonly outcome: WindowResult;
  readonly times: DemoTimes;
  readonly cluster: EmbeddedCluster;
}

/** The demo's end for people: what went in, who held what, what came out, and whether it is the same. */
export function demoText(report: DemoReport, story: DemoStory, palette: Palette): string {
  const { readings, outcome, times, cluster } = story;
  const { uploaded, committed, errored, exact } = report;
  const unit = readings.unit === '' ? '' : ` ${readings.unit}`;
  const went = renderTable([
    ['readings', `${readings.texts.length} in column ${readings.column} of ${readings.file}`],
    ['from, to', `${readings.min} to ${readings.max}${unit}, ${counted(readings.decimals, 'decimal')}`],
    ['sensors', `${uploaded}, each with one reading that it split into ${report.domains} random shares`],
    ['flags', `${committed} TRUE, ${errored} ERROR`],
  ]);
  const held = renderTable([
    ['domain', 'nodes', 'holds'],
    ...cluster.material.domains.map(({ domain, nodes }) => [
      domain,
      nodes.map(({ id }) => id).join(', '),
      `${counted(outcome.committed, 'share')}, each alone a random number; gave out their one sum`,
    ]),
  ]);
  const verdict = exact
    ? palette.good('Exact: every digit the same.')
    : palette.bad('NOT exact: do not trust either column.');
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const rate = Math.round((uploaded * 1_000) / Math.max(1, times.upload));
  return [
    `${palette.strong('What went in')}\n${went}`,
    `${palette.strong('Who held what')}\n${held}`,
    `${palette.strong('What came out')}\n${comparison(report.result, report.plain, palette)}`,
    `${verdict}\n` +
      `Cluster up in ${seconds(times.start)} s, uploads ${seconds(times.upload)} s (${rate} a second), seal ${seconds(times.seal)} s, compute ${seconds(times.compute)} s.\n` +
      'One process held every share here, so nothing of this was private: independent clouds make it so.\n',
  ].join('\n');
}

function comparison(result: ResultDocument, plain: ResultDocument, palette: Palette): string {
  const rows = rowsOf(result).map(([name, value], i): string[] => {
    const other = rowsOf(plain)[i]?.[1] ?? '';
    return [name, value, other, value === other ? palette.good('same') : palette.bad('DIFFERENT')];
  });
  return renderTable([['', 'm-cloud', 'plain computation', ''], ...rows], ['left', 'right', 'right']);
}

function rowsOf(document: ResultDocument): readonly (readonly [string, string])[] {
  const { count, sum, mean, variance, standardDeviation } = document;
  const none = 'none';
  return [
    ['count', String(count)],
    ['sum', sum],
    ['mean', mean?.decimal ?? none],
    ['  as a fraction', mean?.fraction ?? none],
    ['variance, population', variance.population?.decimal ?? none],
    ['variance, sample', variance.sample?.decimal ?? none],
    ['standard deviation, population', standardDeviation.population ?? none],
    ['standard deviation, sample', standardDeviation.sample ?? none],
  ];
}
