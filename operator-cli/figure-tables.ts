import { EXPLANATIONS, type FigureName } from '../src/statistics/index.ts';
import { barChart } from './charts.ts';
import { type Figure, figuresOf } from './figures.ts';
import { type Palette, renderTable } from './output.ts';
import type { SeriesDocument } from './series-document.ts';
import type { StatisticsDocument } from './statistics-document.ts';

/** A table for each field, "=" where the printed digits are all there are and "≈" where they are rounded. */
export function figureBlocks(
  document: StatisticsDocument,
  units: ReadonlyMap<string, string>,
  palette: Palette,
): readonly string[] {
  return bySubject(figuresOf(document)).map(([subject, figures]) => {
    const unit = units.get(subject) ?? '';
    const head = `${palette.strong(subject)}${unit === '' ? '' : ` in ${unit}`}`;
    const histogram = document.histograms[subject];
    const chart = histogram === undefined ? '' : `\n${barChart(histogram)}`;
    const rows = figures.map(({ name, variant, value, exact }, i) => [
      figures[i - 1]?.name === name ? '' : name,
      variant,
      value ?? palette.faint('none'),
      value === null ? '' : exact ? palette.good('=') : '≈',
    ]);
    return `${head}\n${renderTable(rows, ['left', 'left', 'right', 'left'])}${chart}`;
  });
}

/** What each figure that was printed is, its formula and its source. */
export function explanationText(document: StatisticsDocument, palette: Palette): string {
  const names = new Set<FigureName>(figuresOf(document).map(({ name }) => name));
  return [...names]
    .map((name) => {
      const { meaning, formula, source } = EXPLANATIONS[name];
      const rows = renderTable([
        ['is', meaning],
        ['formula', formula],
        ['source', source],
      ]);
      return `${palette.strong(name)}\n${rows}`;
    })
    .join('\n');
}

const CSV_HEADER = 'window,group,field,statistic,variant,value,fraction,digits';

/** RFC 4180: one line for each figure of each released part, and of the total with an empty window. */
export function seriesCsv({ windows, total }: SeriesDocument): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = (window: string, group: string, document: StatisticsDocument) =>
    figuresOf(document).map(({ subject, name, variant, value, fraction, exact }) =>
      [window, group, subject, name, variant, value ?? '', fraction, exact ? 'exact' : 'rounded']
        .map(cell)
        .join(','),
    );
  return [
    CSV_HEADER,
    ...windows.flatMap((part) => lines(String(part.window), part.group ?? '', part)),
    ...(total === null ? [] : lines('', '', total)),
    '',
  ].join('\n');
}

/** The total as tables in the Markdown that GitHub renders, under what was added for it. */
export function seriesMarkdown({ name, total, missing, domains }: Omit<SeriesDocument, 'windows'>): string {
  if (total === null) return `## ${name}\n\nNothing was released.\n`;
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const tables = bySubject(figuresOf(total)).map(([subject, figures]) => {
    const rows = figures.map(
      ({ name: statistic, variant, value, exact }) =>
        `| ${cell(statistic)} | ${cell(variant)} | ${cell(value ?? 'none')} | ${exact ? '=' : '≈'} |`,
    );
    return [`### ${cell(subject)}`, '', '| statistic | | value | |', '|---|---|--:|---|', ...rows, ''].join(
      '\n',
    );
  });
  const { readings, committed, excluded } = total;
  const parts = `${total.parts} released, ${missing.length} missing; ${domains.length} domains agree.`;
  const facts = `Exact over ${readings} of ${committed} committed readings, ${excluded} excluded; ${parts}`;
  return [`## ${cell(name)}`, '', ...tables, facts, ''].join('\n');
}

function bySubject(figures: readonly Figure[]): readonly (readonly [string, readonly Figure[]])[] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures) {
    const group = groups.get(figure.subject) ?? [];
    group.push(figure);
    groups.set(figure.subject, group);
  }
  return [...groups];
}
