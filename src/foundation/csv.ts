import { EngineError } from './errors.ts';

/** One record under the header. */
export interface CsvRow {
  /** From 1 for the first record under the header. */
  readonly number: number;
  /** Line of the file the record begins on; differs from the number by the header and by quoted line breaks. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** One cell of a column that was found to be a decimal number. */
export interface NumericCell {
  /** The row's number, from 1 under the header. */
  readonly row: number;
  /** The number as it stands in the file, without surrounding spaces. */
  readonly text: string;
}

/** Longest number taken from a cell, in characters: longer than any measurement, short enough to read at once. */
export const NUMERIC_CELL_CHARACTERS_MAX = 60;

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/**
 * Reads comma-separated text (RFC 4180) with a header: quoted cells may hold commas, line breaks and doubled
 * quotes; lines end in LF or CRLF. It guesses nothing: a stray quote or a row of another width is refused,
 * because a shifted column is still full of plausible numbers.
 * @throws EngineError `MALFORMED_TEXT` with the details `row` (0 for the header), `line` and `column`
 */
export function parseCsv(text: string): CsvTable {
  const records = readRecords(text);
  const [first, ...others] = records;
  if (first === undefined)
    throw new EngineError('MALFORMED_TEXT', 'expected a header row, got an empty file');
  const header = first.cells;
  const rows = others.map((record, index): CsvRow => {
    const number = index + 1;
    if (record.cells.length !== header.length) {
      const column = header[Math.min(record.cells.length, header.length - 1)] ?? '';
      const cells = header.length === 1 ? '1 cell' : `${header.length} cells`;
      const fault = `expected ${cells} as in the header, got ${record.cells.length}`;
      throw malformed({ row: number, line: record.line, column }, fault + separatorNote(header));
    }
    return { number, line: record.line, cells: record.cells };
  });
  return { header, rows };
}

/**
 * The numbers of one column. Messages name row and column but never the cell, which is somebody's reading.
 * @throws EngineError `INVALID_ARGUMENT` when the header does not have the name exactly once, `MALFORMED_TEXT`
 * when there is no row, or a cell is blank, not a decimal number or longer than
 * {@link NUMERIC_CELL_CHARACTERS_MAX}
 */
export function numericColumn(table: CsvTable, name: string): NumericCell[] {
  const index = table.header.indexOf(name);
  if (index < 0 || table.header.indexOf(name, index + 1) >= 0) {
    const fault =
      index < 0 ? `expected one of the columns ${shownColumns(table.header)}` : 'expected one column';
    const got = index < 0 ? `${name}${separatorNote(table.header)}` : `two named ${name}`;
    throw new EngineError('INVALID_ARGUMENT', `${fault}, got ${got}`);
  }
  if (table.rows.length === 0) {
    throw new EngineError('MALFORMED_TEXT', `column ${name}: expected at least one row under the header`);
  }
  return table.rows.map(({ number, line, cells }) => {
    const text = (cells[index] ?? '').trim();
    const fault = numericFault(text);
    if (fault !== undefined) throw malformed({ row: number, line, column: name }, fault);
    return { row: number, text };
  });
}

function numericFault(text: string): string | undefined {
  if (text === '') return 'expected a number, got a blank cell';
  if (text.length > NUMERIC_CELL_CHARACTERS_MAX) {
    return `expected a number of at most ${NUMERIC_CELL_CHARACTERS_MAX} characters, got ${text.length}`;
  }
  if (NUMBER.test(text)) return undefined;
  if (NUMBER.test(text.replace(',', '.')))
    return 'expected a decimal number with a point, got one with a comma';
  return `expected a decimal number, got ${text.length} other characters`;
}

/** What a spreadsheet writes where numbers have a comma of their own: the whole header is then one cell. */
function separatorNote(header: readonly string[]): string {
  const [only = '', ...others] = header;
  return others.length === 0 && /[;\t]/.test(only) ? '; commas separate cells, not semicolons or tabs' : '';
}

/** Columns that an error message lists; a file may have thousands. */
const COLUMNS_SHOWN_MAX = 20;

function shownColumns(header: readonly string[]): string {
  const shown = header.slice(0, COLUMNS_SHOWN_MAX).join(', ');
  return header.length > COLUMNS_SHOWN_MAX ? `${shown}, ...` : shown;
}

interface Place {
  readonly row: number;
  readonly line: number;
  readonly column: string;
}

function malformed({ row, line, column }: Place, fault: string): EngineError {
  const where = row === 0 ? 'header' : `row ${row}`;
  return new EngineError('MALFORMED_TEXT', `${where} (line ${line}), column ${column}: ${fault}`, {
    row,
    line,
    column,
  });
}

interface TextRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

const BYTE_ORDER_MARK = '\ufeff';
/** The end of an unquoted cell, or a character that may not stand in one. */
const CELL_END = /[,\n\r"]/g;

function readRecords(text: string): TextRecord[] {
  const records: TextRecord[] = [];
  let at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const begins = line;
    const cells: string[] = [];
    let more = true;
    while (more) {
      const cell = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at);
      const row = records.length;
      const column = records[0]?.cells[cells.length] ?? String(cells.length + 1);
      const fault = cell.fault ?? faultAfter(text, cell.end);
      if (fault !== undefined) throw malformed({ row, line, column }, fault);
      cells.push(cell.text);
      line += cell.lineBreaks;
      more = text[cell.end] === ',';
      at = cell.end + (text[cell.end] === '\r' ? 2 : 1);
    }
    line += 1;
    records.push({ line: begins, cells });
  }
  return records;
}

interface Cell {
  readonly text: string;
  /** Index of the comma or line end behind the cell. */
  readonly end: number;
  readonly lineBreaks: number;
  readonly fault?: string;
}

function readPlain(text: string, from: number): Cell {
  CELL_END.lastIndex = from;
  const end = CELL_END.exec(text)?.index ?? text.length;
  return { text: text.slice(from, end), end, lineBreaks: 0 };
}

function readQuoted(text: string, from: number): Cell {
  let at = from + 1;
  let cell = '';
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { text: cell, end: text.length, lineBreaks: 0, fault: 'expected a closing quote' };
    cell += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') return { text: cell, end: at, lineBreaks: cell.split('\n').length - 1 };
    cell += '"';
    at += 1;
  }
}

function faultAfter(text: string, end: number): string | undefined {
  const next = text[end];
  if (next === undefined || next === ',' || next === '\n') return undefined;
  if (next === '\r' && text[end + 1] === '\n') return undefined;
  if (next === '"') return 'expected quotes around the whole cell, got one inside it';
  return next === '\r' ? 'expected a line to end in LF or CRLF' : 'expected a comma after the closing quote';
}
