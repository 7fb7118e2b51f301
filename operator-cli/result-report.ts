import { compareRational, multiplyRational, parseDecimal, type Rational } from '../src/arithmetic/index.ts';
import type { ResultDocument, Univariate } from '../src/statistics/index.ts';
import { resultDocument } from '../src/statistics/index.ts';
import type { MissingPart, ReleasedPart, SeriesResult, Sums, Total, Warning } from './operator/index.ts';
import { streamWarnings } from './operator/index.ts';
import { counted, type Palette, renderTable, shownTime } from './output.ts';

/** Missing parts, and parts with a warning, told one by one; --json lists them all. */
const PARTS_TOLD_MAX = 20;

/**
 * The answer about a stream as one JSON value. It holds nothing that depends on when, through whom or how often it
 * was asked.
 */
export function seriesJson(series: SeriesResult, digits: number) {
  const { stream, windows, groups, total, missing } = series;
  return {
    stream: stream.hash,
    name: stream.name,
    domains: stream.domains.map(({ id }) => id),
    warnings: streamWarnings(stream),
    windows: windows.map((part) => partJson(part, digits)),
    // A stream without labels has one group, and its total is the total.
    groups:
      stream.groups.length === 0
        ? []
        : groups.map(({ group, total: own }) => ({ group: group.name, total: totalJson(own, digits) })),
    total: totalJson(total, digits),
    missing: missing.map(missingJson),
  };
}

/** One window or group, released or missing, as --follow prints it on a line. */
export function answerJson(answer: ReleasedPart | MissingPart, digits: number) {
  return 'state' in answer ? missingJson(answer) : partJson(answer, digits);
}

function partJson({ window, group, result }: ReleasedPart, digits: number) {
  return { window, group: group.name, settled: result.settled, ...sumsJson(result, digits) };
}

function missingJson({ window, group, state }: MissingPart) {
  return { window, group: group.name, state };
}

function totalJson(total: Total | null, digits: number) {
  return total && { parts: total.parts, ...sumsJson(total, digits) };
}

function sumsJson({ readings, committed, excluded, sums, fields, warnings }: Sums, digits: number) {
  return {
    readings,
    committed,
    excluded,
    sums: sums.map(String),
    fields: Object.fromEntries(
      fields.map(({ field, statistics }) => [field.name, resultDocument(statistics, { digits })]),
    ),
    warnings,
  };
}

/** The answer about a stream as text for people. */
export function seriesText(series: SeriesResult, digits: number, palette: Palette): string {
  const { stream, windows, total, missing } = series;
  const [only] = windows;
  if (total === null || only === undefined) return missingText(missing);
  const blocks =
    windows.length === 1
      ? [`${titleOf(series, only, palette)}\n`, ...statisticsBlocks(total, digits, palette)]
      : [
          `${palette.strong(stream.name)}, ${counted(windows.length, 'result')}\n`,
          partsTable(windows, digits),
          ...groupsBlocks(series, digits),
          `${palette.strong('total')} of ${windows.length}\n`,
          ...statisticsBlocks(total, digits, palette),
        ];
  const settled = windows.length === 1 ? `; settled set ${only.result.settled.slice(0, 16)}` : '';
  const footer = `${exactLine(total)}\n${domainsLine(series)}${settled}.\n`;
  return [
    ...blocks,
    footer,
    missingText(missing),
    warningsText([...streamWarnings(stream), ...total.warnings]),
    ...(windows.length === 1 ? [] : partWarnings(windows)),
  ]
    .filter((block) => block !== '')
    .join('\n');
}

/** One part on a line, as --follow prints it. */
export function answerText(answer: ReleasedPart | MissingPart, digits: number): string {
  return 'state' in answer ? `  ${missingLine(answer)}\n` : renderTable([partRow(answer, digits)]);
}

function titleOf({ stream }: SeriesResult, { window, group }: ReleasedPart, palette: Palette): string {
  const label = group.name === null ? '' : `, group ${group.name}`;
  return `${palette.strong(stream.name)}, window ${window} (${shownTime(window)})${label}`;
}

function statisticsBlocks({ fields }: Sums, digits: number, palette: Palette): readonly string[] {
  return fields.map(({ field, statistics }) => {
    const unit = field.unit === '' ? '' : ` in ${field.unit}`;
    return `${palette.strong(field.name)}${unit}\n${statisticsTable(statistics, digits, palette)}`;
  });
}

function exactLine({ readings, committed, excluded }: Sums): string {
  const lost = excluded === 0 ? '' : `, ${excluded} excluded because a domain lost their shares`;
  return `Exact over ${readings} of ${committed} committed readings${lost}.`;
}

function domainsLine({ stream }: SeriesResult): string {
  const domains = stream.domains.map(({ id }) => id);
  return `${domains.length} domains agree (${domains.join(', ')})`;
}

function partsTable(parts: readonly ReleasedPart[], digits: number): string {
  const [first] = parts;
  if (first === undefined) return '';
  const names = first.result.fields.flatMap(({ field }) => [`${field.name} sum`, 'mean']);
  const label = first.group.name === null ? [] : ['group'];
  return renderTable([
    ['window', 'starts', ...label, 'count', ...names],
    ...parts.map((part) => partRow(part, digits)),
  ]);
}

function partRow({ window, group, result }: ReleasedPart, digits: number): readonly string[] {
  const label = group.name === null ? [] : [group.name];
  return [String(window), shownTime(window), ...label, ...meansOf(result, digits)];
}

function meansOf({ readings, fields }: Sums, digits: number): readonly string[] {
  const means = fields.flatMap(({ statistics }) => {
    const { sum, mean } = resultDocument(statistics, { digits });
    return [sum, mean?.decimal ?? 'none'];
  });
  return [String(readings), ...means];
}

function groupsBlocks({ stream, groups }: SeriesResult, digits: number): readonly string[] {
  const found = groups.flatMap(({ group, total }) => (total === null ? [] : [{ group, total }]));
  const [first] = found;
  if (stream.groups.length === 0 || first === undefined) return [];
  const names = first.total.fields.flatMap(({ field }) => [`${field.name} sum`, 'mean']);
  return [
    renderTable([
      ['group', 'windows', 'count', ...names],
      ...found.map(({ group, total }) => [group.name ?? '', String(total.parts), ...meansOf(total, digits)]),
    ]),
  ];
}

/** What is in no total, and why. */
export function missingText(missing: readonly MissingPart[]): string {
  if (missing.length === 0) return '';
  const shown = missing.slice(0, PARTS_TOLD_MAX).map((part) => `  ${missingLine(part)}\n`);
  const more = missing.length - shown.length;
  const rest = more <= 0 ? '' : `  and ${more} more; --json lists them all\n`;
  return `Missing:\n${shown.join('')}${rest}`;
}

/** One missing part: "window 1767225600000 (2026-01-01T00:00:00.000Z): withheld, domain b: fewer than 13 sensors". */
export function missingLine({ window, group, state, reason }: MissingPart): string {
  const label = group.name === null ? '' : `, group ${group.name}`;
  return `window ${window} (${shownTime(window)})${label}: ${state}, ${reason}`;
}

/** Warnings of single parts; a total of many hides what one of them tells. */
function partWarnings(parts: readonly ReleasedPart[]): readonly string[] {
  const told = parts.filter(({ result }) => result.warnings.length > 0);
  const shown = told.slice(0, PARTS_TOLD_MAX).map(({ window, group, result }) => {
    const label = group.name === null ? '' : `, group ${group.name}`;
    const texts = result.warnings.map(({ subject, text }) => `${subject}: ${text}`);
    return `  window ${window}${label}: ${texts.join('; ')}\n`;
  });
  const more = told.length - shown.length;
  const rest = more <= 0 ? '' : `  and ${more} more; --json lists them all\n`;
  return shown.length === 0 ? [] : [`Tell more than they should:\n${shown.join('')}${rest}`];
}

function warningsText(warnings: readonly Warning[]): string {
  return warnings
    .map(({ subject, text }) => `Note: ${subject === null ? '' : `${subject}: `}${text}.\n`)
    .join('');
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
