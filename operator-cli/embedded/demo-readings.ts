import { readFile } from 'node:fs/promises';
import {
  compareRational,
  formatExactDecimal,
  parseDecimal,
  type Rational,
  rational,
  readDecimal,
} from '../../src/arithmetic/index.ts';
import {
  type CsvTable,
  EngineError,
  fromUtf8,
  type NumericCell,
  numericColumn,
  parseCsv,
  systemReason,
} from '../../src/foundation/index.ts';
import { FIELDS_MAX } from '../../src/protocol/stream-limits.ts';
import { DECIMALS_MAX, momentElements, type Reading } from '../../src/sharing/index.ts';
import { checkCapacity } from '../../src/statistics/index.ts';
import { middleOf } from '../operator/index.ts';

const DEFAULT_NAME = 'seattle-temperatures.csv';
/**
 * The data that comes with the package; data/README.md names its source. It is not compiled, so the program in
 * dist/ finds it beside dist/.
 */
const DATA_FOLDER = import.meta.url.endsWith('.ts') ? '../data/' : '../../../operator-cli/data/';
const DEFAULT_FILE = new URL(DATA_FOLDER + DEFAULT_NAME, import.meta.url);

/** Digits before the point of a reading: half the field is below 10^39, so nothing larger fits any stream. */
const WHOLE_DIGITS_MAX = 38;
/** Highest power of a reading that the demo shares: 2 for variances. */
export const DEMO_DEGREE = 2;

/** One column of the file and the field of the stream that it becomes. */
export interface DemoColumn {
  readonly field: string;
  readonly column: string;
  readonly unit: string;
  readonly texts: readonly string[];
  /** Digits after the point that the stream allows. */
  readonly decimals: number;
  readonly min: string;
  readonly max: string;
}

/** What the demo uploads, checked whole before anything is sent. */
export interface DemoReadings {
  readonly file: string;
  /** At least one, all of one length. */
  readonly columns: readonly DemoColumn[];
  /** One for each row. */
  readonly readings: readonly Reading[];
}

export interface DemoSource {
  readonly csv?: string;
  readonly column?: string;
  /** Several fields in each reading, instead of `column`. */
  readonly columns?: readonly string[];
  readonly decimals?: number;
}

/**
 * Reads columns of a CSV file, or of the data that comes with the package.
 * @throws EngineError `INVALID_ARGUMENT` for a file or column that is not there, `MALFORMED_TEXT`,
 * `READING_TOO_PRECISE` or `READING_OUT_OF_BOUNDS` naming row and column of a cell that cannot be uploaded
 */
export async function readDemoReadings(source: DemoSource): Promise<DemoReadings> {
  const file = source.csv ?? DEFAULT_NAME;
  const table = parseCsv(await readText(source.csv ?? DEFAULT_FILE, file));
  const unit = source.csv === undefined ? '°C' : '';
  if (source.columns === undefined) {
    const column = source.column ?? onlyColumn(table.header);
    const read = readColumn(table, { field: 'reading', column, unit }, source.decimals);
    return { file, columns: [read], readings: read.texts };
  }
  checkColumns(source.columns);
  const columns = source.columns.map((column) =>
    readColumn(table, { field: column, column, unit }, source.decimals),
  );
  const readings = table.rows.map((_, row) =>
    Object.fromEntries(columns.map(({ field, texts }) => [field, texts[row] ?? ''])),
  );
  return { file, columns, readings };
}

/** A stream's name of a field: what a stream document takes, said before the file is read. */
const FIELD_NAME = /^[^\p{C}]{1,64}$/u;

function checkColumns(columns: readonly string[]): void {
  const seen = new Set<string>();
  for (const column of columns) {
    if (!FIELD_NAME.test(column)) {
      throw new EngineError('INVALID_ARGUMENT', 'expected names of columns of 1 to 64 characters');
    }
    if (seen.has(column)) {
      throw new EngineError('INVALID_ARGUMENT', `expected every column once, got ${column} twice`);
    }
    seen.add(column);
  }
  if (columns.length > FIELDS_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected at most ${FIELDS_MAX} columns, got ${columns.length}`,
    );
  }
}

function readColumn(
  table: CsvTable,
  { field, column, unit }: Pick<DemoColumn, 'field' | 'column' | 'unit'>,
  decimalsAllowed: number | undefined,
): DemoColumn {
  const cells = numericColumn(table, column);
  const wanted = decimalsAllowed ?? DECIMALS_MAX;
  let decimals = 0;
  for (const { row, text } of cells) {
    const needed = decimalsOf(text, row, column);
    if (needed > wanted) {
      throw new EngineError(
        'READING_TOO_PRECISE',
        `row ${row}, column ${column}: expected at most ${wanted} decimals, got ${needed}`,
        { row, column },
      );
    }
    decimals = Math.max(decimals, needed);
  }
  const texts = cells.map(({ text }) => text);
  const read = { field, column, unit, texts, decimals: decimalsAllowed ?? decimals, ...boundsOf(texts) };
  refuseBeyondCapacity(read, cells);
  return read;
}

/**
 * The stream would be refused later anyway, but its creator would hear of an element and of options that the demo
 * does not have, instead of the row to look at. Where the squares of two fields fit, their product does.
 */
function refuseBeyondCapacity(read: DemoColumn, cells: readonly NumericCell[]): void {
  const { unit, decimals, min, max, column, texts } = read;
  const field = { name: 'reading', unit, decimals, offset: middleOf(read), min, max };
  try {
    checkCapacity({ fields: [field], elements: momentElements([field], DEMO_DEGREE) }, texts.length);
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'CAPACITY_EXCEEDED')) throw error;
    const row = farthestRow(cells);
    throw new EngineError(
      'READING_OUT_OF_BOUNDS',
      `row ${row}, column ${column}: expected readings whose squares at ${decimals} decimals add up below half the ` +
        'field, got one too large for it; use fewer decimals or leave it out',
      { row, column },
    );
  }
}

/** The row of the reading that is farthest from zero. */
function farthestRow(cells: readonly NumericCell[]): number {
  let farthest = { row: 0, size: rational(-1n) };
  for (const { row, text } of cells) {
    const { numerator, denominator } = parseDecimal(text);
    const size = rational(numerator < 0n ? -numerator : numerator, denominator);
    if (compareRational(size, farthest.size) > 0) farthest = { row, size };
  }
  return farthest.row;
}

async function readText(path: string | URL, shown: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new EngineError('INVALID_ARGUMENT', `expected to read ${shown}, got ${systemReason(error)}`);
  }
  return fromUtf8(bytes);
}

function onlyColumn(header: readonly string[]): string {
  const [first, ...others] = header;
  if (first !== undefined && others.length === 0) return first;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected --column or --columns with some of ${header.slice(0, 20).join(', ')}, got none`,
  );
}

/** Digits after the point that carry information. */
function decimalsOf(text: string, row: number, column: string): number {
  const decimal = readDecimal(text);
  const power = decimal === undefined ? Number.POSITIVE_INFINITY : decimal.exponent;
  const digits = String(decimal?.coefficient ?? '').replace('-', '').length;
  if (digits + power > WHOLE_DIGITS_MAX) {
    throw new EngineError(
      'MALFORMED_TEXT',
      `row ${row}, column ${column}: expected a number below 10^${WHOLE_DIGITS_MAX}, got a larger one`,
      { row, column },
    );
  }
  return Math.max(0, -power);
}

function boundsOf(texts: readonly string[]): { readonly min: string; readonly max: string } {
  let min: Rational | undefined;
  let max: Rational | undefined;
  for (const text of texts) {
    const value = parseDecimal(text);
    if (min === undefined || compareRational(value, min) < 0) min = value;
    if (max === undefined || compareRational(value, max) > 0) max = value;
  }
  const shown = (value: Rational | undefined) => (value === undefined ? '0' : formatExactDecimal(value));
  return { min: shown(min), max: shown(max) };
}
