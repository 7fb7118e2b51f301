import {
  EngineError,
  fromUtf8,
  inFile,
  numericColumn,
  parseCsv,
  systemReason,
} from '../../src/foundation/index.ts';
import type { CliEnvironment } from './environment.ts';
import { readLines } from './lines.ts';

/** Largest file that is read, in bytes: the text of a larger one may not fit one string. */
const FILE_BYTES_MAX = 256 * 2 ** 20;

/** Where the readings of one command come from. */
export interface ReadingSource {
  readonly readings: Iterable<string> | AsyncIterable<string>;
  /** Readings in all; unknown for standard input. */
  readonly total?: number;
  /** The place of a reading, for people: "row 7", "line 3". */
  readonly placeOf: (index: number) => string;
}

/** @throws EngineError `INVALID_ARGUMENT`, `MALFORMED_TEXT` naming row and column */
export async function csvSource(
  environment: CliEnvironment,
  path: string,
  column: string,
): Promise<ReadingSource> {
  const text = await readText(environment, path);
  const cells = await inFile(path, () => numericColumn(parseCsv(text), column));
  return {
    readings: cells.map(({ text }) => text),
    total: cells.length,
    placeOf: (index) => `row ${cells[index]?.row ?? index + 1}`,
  };
}

/** One reading per line, uploaded as they come. */
export function lineSource(environment: CliEnvironment): ReadingSource {
  return { readings: readLines(environment.input), placeOf: (index) => `line ${index + 1}` };
}

/** @throws EngineError `INVALID_ARGUMENT` when the file cannot be read, `MALFORMED_TEXT` when it is no UTF-8 */
export async function readText(environment: CliEnvironment, path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await environment.readFile(path);
  } catch (error) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a readable file, got ${path}: ${systemReason(error)}`,
    );
  }
  if (bytes.length > FILE_BYTES_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a file of at most ${FILE_BYTES_MAX} bytes, got ${path} of ${bytes.length}`,
    );
  }
  return fromUtf8(bytes);
}
