import type { HistogramDocument } from '../src/statistics/index.ts';
import { boundsText } from '../src/statistics/index.ts';
import { renderTable } from './output.ts';

/** Columns of the longest bar. */
const BAR_COLUMNS = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A histogram as horizontal bars, one for each cell, the longest for the fullest. */
export function barChart({ bins }: HistogramDocument): string {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  return renderTable(
    bins.map((bin) => [boundsText(bin), String(bin.count), bar((bin.count * BAR_COLUMNS) / most)]),
    ['left', 'right', 'left'],
  );
}

/** A series as one line of blocks, lowest to highest; a gap where a value is missing. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return values
    .map((value) => {
      if (value === null) return ' ';
      const level = most === least ? 0 : Math.round(((value - least) / (most - least)) * (LEVELS.length - 1));
      return LEVELS[level] ?? '';
    })
    .join('');
}

function bar(columns: number): string {
  const eighths = Math.round(columns * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
