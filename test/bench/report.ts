import type { BenchRow } from './comparison.ts';
import { meetsTarget } from './comparison.ts';

const HEADER = ['row', 'ours', 'peer', 'unit', 'ratio', 'target', 'met', 'pairs'];

const MET: ReadonlyMap<boolean | null, string> = new Map([
  [true, 'yes'],
  [false, 'no'],
]);

/** What a build has for a run with `--quick`, seconds. */
const QUICK_SECONDS_ALLOWED = 120;

/** How long a run with `--quick` took; says so where it was too long, and judges nothing, because a busy machine takes any time. */
export function quickDuration(seconds: number): string {
  const took = `took ${Math.round(seconds)} s`;
  return seconds > QUICK_SECONDS_ALLOWED
    ? `${took}, more than the ${QUICK_SECONDS_ALLOWED} s that a build has for it`
    : took;
}

/** One row in one line, for who waits for the others. */
export function rowLine({ name, ours, peer, unit, ratio, target, pairs }: BenchRow): string {
  const sides = `${shown(ours)} and ${shown(peer)} ${unit}`;
  return `${name}: ${sides}, ratio ${shown(ratio)}, target ${target}, ${pairs} pairs`;
}

/** The rows as a table, each note in a line below its row; says which targets are met where that means anything. */
export function benchTable(rows: readonly BenchRow[], judged = true): string {
  const cells = rows.map((row) => [
    row.name,
    shown(row.ours),
    shown(row.peer),
    row.unit,
    shown(row.ratio),
    row.target,
    (judged && MET.get(meetsTarget(row))) || '',
    String(row.pairs),
  ]);
  const widths = HEADER.map((title, i) =>
    Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)),
  );
  const line = (parts: readonly string[]) =>
    parts
      .map((part, i) => part.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const body = rows.flatMap((row, i) => [line(cells[i] ?? []), `  against ${row.peerName}; ${row.note}`]);
  return `${[line(HEADER), ...body].join('\n')}\n`;
}

/** Three digits that count, and never a power of ten. */
function shown(value: number | null): string {
  if (value === null) return '-';
  if (value >= 100) return Math.round(value).toString();
  return String(Number(value.toPrecision(3)));
}
