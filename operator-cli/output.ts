import { stripVTControlCharacters } from 'node:util';

/** Terminal styles that turn into nothing where colours are off. */
export interface Palette {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

export function createPalette(colours: boolean): Palette {
  const style = (on: number, off: number) => (text: string) =>
    colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { strong: style(1, 22), faint: style(2, 22), good: style(32, 39), bad: style(31, 39) };
}

export type Alignment = 'left' | 'right';

/**
 * Text columns under each other, two spaces apart and two from the edge. Widths count characters as a terminal
 * shows them, styles apart; a last column is never padded, so that no line ends in spaces.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, shownWidth(cell));
    });
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - shownWidth(cell));
        return alignments[column] === 'right' ? gap + cell : cell + gap;
      });
      return `  ${cells.join('  ')}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** An instant as ISO 8601 in UTC. */
export function shownTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

const AGES: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];

/** How long something has lasted, in the largest unit of which it has two: "61 s", "100 min", "3 d". */
export function shownAge(ms: number): string {
  const [unit, size] = AGES.find(([, most]) => ms >= 2 * most) ?? ['s', 1_000];
  return `${Math.floor(ms / size)} ${unit}`;
}

/** "1 domain", "3 domains". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function shownWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
