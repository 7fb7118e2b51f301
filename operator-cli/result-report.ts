import { formatRational, type Rational } from '../src/arithmetic/index.ts';
import { resultDocument } from '../src/statistics/index.ts';
import { sparkline } from './charts.ts';
import { figureBlocks } from './figure-tables.ts';
import type { MissingPart, ReleasedPart, SeriesResult, Sums, Warning } from './operator/index.ts';
import { streamWarnings } from './operator/index.ts';
import { counted, type Palette, renderTable, shownTime } from './output.ts';
import { type StatisticsOptions, statisticsDocument } from './statistics-document.ts';

/** Missing parts, and parts with a warning, told one by one; --json lists them all. */
const PARTS_TOLD_MAX = 20;

/** The answer about a stream as text for people. */
export function seriesText(series: SeriesResult, options: StatisticsOptions, palette: Palette): string {
  const { digits } = options;
  const { stream, windows, total, missing } = series;
  const [only] = windows;
  if (total === null || only === undefined) return missingText(missing);
  const blocks =
    windows.length === 1
      ? [`${titleOf(series, only, palette)}\n`, ...statisticsBlocks(series, total, options, palette)]
      : [
          `${palette.strong(stream.name)}, ${counted(windows.length, 'result')}\n`,
          partsTable(windows, digits),
          ...seriesCharts(windows),
          ...groupsBlocks(series, digits),
          `${palette.strong('total')} of ${windows.length}\n`,
          ...statisticsBlocks(series, total, options, palette),
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
  return 'state' in answer ? missingLines(answer) : renderTable([partRow(answer, digits)]);
}

function titleOf({ stream }: SeriesResult, { window, group }: ReleasedPart, palette: Palette): string {
  const label = group.name === null ? '' : `, group ${group.name}`;
  return `${palette.strong(stream.name)}, window ${window} (${shownTime(window)})${label}`;
}

function statisticsBlocks(
  { stream }: SeriesResult,
  total: Sums,
  options: StatisticsOptions,
  palette: Palette,
): readonly string[] {
  const units = new Map(stream.fields.map(({ name, unit }) => [name, unit]));
  return figureBlocks(statisticsDocument(stream, total, options), units, palette);
}

/** Mean and spread of a field from window to window as lines of blocks, for each group; one window makes no chart. */
function seriesCharts(parts: readonly ReleasedPart[]): readonly string[] {
  const labels = [...new Set(parts.map(({ group }) => group.name))];
  const rows = labels.flatMap((label) => {
    const own = parts.filter(({ group }) => group.name === label);
    const fields = own[0]?.result.fields ?? [];
    if (own.length < 2) return [];
    return fields.flatMap(({ field }, i) => {
      const subject = `${field.name}${label === null ? '' : `, ${label}`}`;
      const statistics = own.map(({ result }) => result.fields[i]?.statistics);
      const means = statistics.map((found) => approximate(found?.mean ?? null));
      const variances = statistics.map((found) => approximate(found?.sampleVariance ?? null));
      const deviations = variances.map((variance) => (variance === null ? null : Math.sqrt(variance)));
      const spread = [`standard deviation of ${subject}`, sparkline(deviations)];
      return [
        [`mean of ${subject}`, sparkline(means)],
        ...(deviations.every((d) => d === null) ? [] : [spread]),
      ];
    });
  });
  return rows.length === 0 ? [] : [renderTable(rows)];
}

/** As a chart needs it. */
function approximate(mean: Rational | null): number | null {
  return mean && Number(formatRational(mean, { digits: 15 }));
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
  const shown = missing.slice(0, PARTS_TOLD_MAX).map(missingLines);
  const more = missing.length - shown.length;
  const rest = more <= 0 ? '' : `  and ${more} more; --json lists them all\n`;
  return `Missing:\n${shown.join('')}${rest}`;
}

/**
 * One missing part: "window 1767225600000 (2026-01-01T00:00:00.000Z): withheld, domain b: fewer than 13 sensors".
 * Where several domains are behind it, each has a line of its own beneath.
 */
export function missingLines({ window, group, state, reason }: MissingPart): string {
  const label = group.name === null ? '' : `, group ${group.name}`;
  const head = `  window ${window} (${shownTime(window)})${label}: ${state}`;
  return reason.includes('\n') ? `${head}\n${indented(reason)}` : `${head}, ${reason}\n`;
}

/** A reason of several lines, beneath what it is the reason of. */
export function indented(reason: string): string {
  return reason
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');
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
