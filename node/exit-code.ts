import { CommanderError } from 'commander';
import { EXIT_CODES, exitOf } from '../src/foundation/index.ts';

/**
 * What `m-cloud-node` ends with after a failure: a supervisor restarts a node that failed, and starting again with
 * the same unusable arguments or settings helps nobody.
 * @returns 0 where only help was asked for, 2 for what a person has to change, 1 for anything else.
 */
export function nodeExitCode(error: unknown): number {
  const { OK, USAGE, FAILED } = EXIT_CODES;
  if (error instanceof CommanderError) return error.exitCode === 0 ? OK.code : USAGE.code;
  const exit = exitOf(error);
  return exit === 'USAGE' || exit === 'INPUT' || exit === 'REFUSED' ? USAGE.code : FAILED.code;
}
