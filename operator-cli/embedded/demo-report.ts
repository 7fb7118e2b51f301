import type { MatrixDocument, RegressionDocument, ResultDocument } from '../../src/statistics/index.ts';
import type { WindowResult } from '../operator/index.ts';
import { counted, type Palette, renderTable } from '../output.ts';
import type { DemoReadings } from './demo-readings.ts';
import type { DemoResult } from './demo-result.ts';
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
  const shown = readings.columns.map(({ column, min, max, unit, decimals }) => [
    `column ${column}`,
    `${min} to ${max}${unit === '' ? '' : ` ${unit}`}, ${counted(decimals, 'decimal')}`,
  ]);
  const went = renderTable([
    ['readings', `${readings.readings.length} rows of ${readings.file}`],
    ...shown,
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

function comparison(result: DemoResult, plain: DemoResult, palette: Palette): string {
  const others = rowsOf(plain);
  const rows = rowsOf(result).map(([name, value], i): string[] => {
    const other = others[i]?.[1] ?? '';
    return [name, value, other, value === other ? palette.good('same') : palette.bad('DIFFERENT')];
  });
  return renderTable([['', 'm-cloud', 'plain computation', ''], ...rows], ['left', 'right', 'right']);
}

type Rows = readonly (readonly [name: string, value: string])[];

const NONE = 'none';

function rowsOf(document: DemoResult): Rows {
  if (!('fields' in document)) return fieldRows(document);
  const { fields, covariance, correlation, regression } = document;
  return [
    ...Object.entries(fields).flatMap(([name, field]) =>
      fieldRows(field).map(([row, value]) => [`${name}: ${row}`, value] as const),
    ),
    ...matrixRows('covariance', covariance),
    ...matrixRows('correlation', correlation),
    ...(regression === undefined ? [] : regressionRows(regression)),
  ];
}

function fieldRows({ count, sum, mean, variance, standardDeviation }: ResultDocument): Rows {
  return [
    ['count', String(count)],
    ['sum', sum],
    ['mean', mean?.decimal ?? NONE],
    ['  as a fraction', mean?.fraction ?? NONE],
    ['variance, population', variance.population?.decimal ?? NONE],
    ['variance, sample', variance.sample?.decimal ?? NONE],
    ['standard deviation, population', standardDeviation.population ?? NONE],
    ['standard deviation, sample', standardDeviation.sample ?? NONE],
  ];
}

/** Each pair once: the matrix is symmetric, and its diagonal is printed with the fields. */
function matrixRows(title: string, matrix: MatrixDocument): Rows {
  return Object.entries(matrix).flatMap(([x, row], i) =>
    Object.entries(row)
      .slice(i + 1)
      .map(([y, entry]) => [`${title} of ${x} and ${y}`, entry ?? NONE] as const),
  );
}

function regressionRows(regression: RegressionDocument): Rows {
  const { response, coefficients, residualStandardDeviation, r2, adjustedR2, f, p } = regression;
  const rows: readonly (readonly [string, string | null])[] = [
    ...coefficients.flatMap(({ term, estimate, standardError, t, p: twoSided }) => [
      [`${response} on ${term}`, estimate] as const,
      ['  standard error', standardError] as const,
      ['  t', t] as const,
      ['  p', twoSided] as const,
    ]),
    ['residual standard deviation', residualStandardDeviation],
    ['R squared', r2],
    ['R squared, adjusted', adjustedR2],
    ['F', f],
    ['  p', p],
  ];
  return rows.map(([name, value]) => [name, value ?? NONE]);
}
