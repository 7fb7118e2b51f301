import { compareRational, multiplyRational, parseDecimal, type Rational } from '../src/arithmetic/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { ResultDocument, Univariate } from '../src/statistics/index.ts';
import { resultDocument } from '../src/statistics/index.ts';
import type { WindowResult } from './operator/index.ts';
import { type Palette, renderTable, shownTime } from './output.ts';

/** Result of a window as one JSON value; the statistics of each field under its name. */
export function resultJson(stream: StreamDocument, result: WindowResult, digits: number) {
  const { fields, ...facts } = result;
  return {
    ...facts,
    name: stream.name,
    fields: Object.fromEntries(
      fields.map(({ field, statistics }) => [field.name, resultDocument(statistics, { digits })]),
    ),
  };
}

/** Result of a window as text for people. */
export function resultText(
  stream: StreamDocument,
  result: WindowResult,
  digits: number,
  palette: Palette,
): string {
  const title = `${palette.strong(stream.name)}, window ${result.window} (${shownTime(result.window)})`;
  const tables = result.fields.map(({ field, statistics }) => {
    const unit = field.unit === '' ? '' : ` in ${field.unit}`;
    return `${palette.strong(field.name)}${unit}\n${statisticsTable(statistics, digits, palette)}`;
  });
  const { readings, committed, excluded } = result;
  const lost = excluded === 0 ? '' : `, ${excluded} excluded because a domain lost their shares`;
  const footer =
    `Exact over ${readings} of ${committed} committed readings${lost}.\n` +
    `${result.domains.length} domains agree (${result.domains.join(', ')}); settled set ${result.settled.slice(0, 16)}.\n`;
  return [`${title}\n`, ...tables, footer].join('\n');
}

/** Count to standard deviation, each with "=" where the printed digits are all there are, else "≈". */
export function statisticsTable(statistics: Univariate, digits: number, palette: Palette): string {
  const document = resultDocument(statistics, { digits });
  return renderTable(statisticsRows(statistics, document, palette), ['left', 'left', 'right', 'left']);
}

function statisticsRows(statistics: Univariate, document: ResultDocument, palette: Palette): string[][] {
  const { mean, populationVariance, sampleVariance } = statistics;
  const { variance, standardDeviation } = document;
  const row = (name: string, kind: string, decimal: string | null | undefined, exact: boolean): string[] =>
    decimal === null || decimal === undefined
      ? [name, kind, palette.faint('none'), '']
      : [name, kind, decimal, exact ? palette.good('=') : '≈'];
  const value = (name: string, kind: string, exact: Rational | null, decimal: string | undefined) =>
    row(name, kind, decimal, equals(exact, decimal, 1));
  const root = (name: string, kind: string, square: Rational | null, decimal: string | null) =>
    row(name, kind, decimal, equals(square, decimal ?? undefined, 2));
  return [
    row('count', '', String(document.count), true),
    row('sum', '', document.sum, true),
    value('mean', '', mean, document.mean?.decimal),
    value('variance', 'population', populationVariance, variance.population?.decimal),
    value('', 'sample', sampleVariance, variance.sample?.decimal),
    root('standard deviation', 'population', populationVariance, standardDeviation.population),
    root('', 'sample', sampleVariance, standardDeviation.sample),
  ];
}

/** Whether a printed decimal, to the given power, is the whole value and no rounding of it. */
function equals(exact: Rational | null, decimal: string | undefined, power: 1 | 2): boolean {
  if (exact === null || decimal === undefined) return false;
  const printed = parseDecimal(decimal);
  return compareRational(exact, power === 1 ? printed : multiplyRational(printed, printed)) === 0;
}
