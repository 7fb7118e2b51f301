import { EngineError, type ErrorCode } from './errors.ts';

/**
 * How the commands end, so that a script can tell what to do next without reading a message. Numbers are
 * stable; both commands print this table in their --help.
 */
export const EXIT_CODES = {
  OK: { code: 0, meaning: 'done' },
  FAILED: { code: 1, meaning: 'the program or a node failed in a way it did not foresee' },
  USAGE: { code: 2, meaning: 'an argument, option or setting is not usable' },
  INPUT: {
    code: 3,
    meaning: 'the data is not usable: none was uploaded, or they do not define the statistic',
  },
  REFUSED: { code: 4, meaning: 'a node, or the policy of this program, refuses for good' },
  TRY_AGAIN: { code: 5, meaning: 'no node answered in time; the same command may succeed later' },
  UNDECIDED: { code: 6, meaning: 'the outcome of some readings is not known yet' },
  NOT_COMMITTED: { code: 7, meaning: 'some readings are certainly not part of the result' },
  INCOMPLETE: { code: 8, meaning: 'there is no result yet, or never; the reason is printed' },
  WITHHELD: { code: 9, meaning: 'a domain refuses to release the window' },
  INEXACT: { code: 10, meaning: 'a result was found to be impossible or not exact' },
  INTERRUPTED: { code: 130, meaning: 'stopped by a signal' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type ExitName = keyof typeof EXIT_CODES;

/** Where the status and retry columns of the error table do not say enough. */
const BY_ERROR: Partial<Record<ErrorCode, ExitName>> = {
  INVALID_ARGUMENT: 'USAGE',
  ADDRESS_IN_USE: 'USAGE',
  DATA_FOLDER_UNUSABLE: 'USAGE',
  STORE_LOCKED: 'USAGE',
  MALFORMED_TEXT: 'INPUT',
  READING_NOT_A_NUMBER: 'INPUT',
  READING_TOO_PRECISE: 'INPUT',
  READING_OUT_OF_BOUNDS: 'INPUT',
  SINGULAR_DESIGN: 'INPUT',
  STATISTIC_UNDEFINED: 'INPUT',
  READING_ABORTED: 'INTERRUPTED',
  READING_UNDECIDED: 'UNDECIDED',
  READING_ERRORED: 'NOT_COMMITTED',
  INCOMPLETE: 'INCOMPLETE',
  WITHHELD: 'WITHHELD',
  IMPOSSIBLE_AGGREGATE: 'INEXACT',
};

/** The exit an error ends a command with; `FAILED` for anything that is no operating error. */
export function exitOf(error: unknown): ExitName {
  if (!(error instanceof EngineError)) return 'FAILED';
  const named = BY_ERROR[error.code];
  if (named !== undefined) return named;
  if (error.status === 500) return 'FAILED';
  return error.retry ? 'TRY_AGAIN' : 'REFUSED';
}

/** The table as lines for --help, only the named exits where names are given. */
export function exitCodesHelp(names?: readonly ExitName[]): string {
  const lines = Object.entries(EXIT_CODES)
    .filter(([name]) => names === undefined || names.some((wanted) => wanted === name))
    .map(([, { code, meaning }]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
