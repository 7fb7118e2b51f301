import type { BenchRow } from './comparison.ts';
import { meetsTarget } from './comparison.ts';

const ROW_HEIGHT = 26;
const NAME_WIDTH = 150;
const BAR_WIDTH = 420;
const WIDTH = NAME_WIDTH + BAR_WIDTH + 190;
/** Powers of ten that the picture shows to the left and right of a target. */
const DECADES = 2;

/**
 * The rows with a target as bars on a logarithmic scale: how far a figure lies from its target, to the right where it
 * is better.
 */
export function benchChart(rows: readonly BenchRow[]): string {
  const bars = rows.flatMap(barOf);
  const height = (bars.length + 2) * ROW_HEIGHT;
  const middle = NAME_WIDTH + BAR_WIDTH / 2;
  const body = bars.map((bar, i) => drawn(bar, (i + 1) * ROW_HEIGHT, middle));
  const axis = `<line x1="${middle}" y1="${ROW_HEIGHT / 2}" x2="${middle}" y2="${height - ROW_HEIGHT}" stroke="#555"/>`;
  const legend = `<text x="${middle}" y="${height - 8}" text-anchor="middle">target; one step to the right is ten times better</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>The benchmark: ratio of each row to its target</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...body,
    axis,
    legend,
    '</svg>\n',
  ].join('\n');
}

interface Bar {
  readonly row: BenchRow;
  /** Powers of ten above the target; negative below it. */
  readonly decades: number;
}

function barOf(row: BenchRow): readonly Bar[] {
  const asked = Number(/(\d+(?:\.\d+)?)$/.exec(row.target)?.[1]);
  const found = row.target.startsWith('ours') ? row.ours : row.ratio;
  if (meetsTarget(row) === null || found === null) return [];
  const above = Math.log10(found / asked);
  return [{ row, decades: row.target.includes('<') ? -above : above }];
}

function drawn({ row, decades }: Bar, y: number, middle: number): string {
  const length = (Math.min(DECADES, Math.abs(decades)) * BAR_WIDTH) / 2 / DECADES;
  const x = decades < 0 ? middle - length : middle;
  const colour = decades < 0 ? '#c0504d' : '#4f8a5b';
  const ratio = Number((row.ratio ?? 0).toPrecision(3));
  return [
    `<text x="${NAME_WIDTH - 8}" y="${y + 4}" text-anchor="end">${row.name}</text>`,
    `<rect x="${x.toFixed(1)}" y="${y - 8}" width="${Math.max(1, length).toFixed(1)}" height="16" fill="${colour}"/>`,
    `<text x="${NAME_WIDTH + BAR_WIDTH + 8}" y="${y + 4}">${ratio} (target ${escaped(row.target)})</text>`,
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
