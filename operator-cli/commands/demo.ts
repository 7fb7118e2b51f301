import type { Command } from 'commander';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { nameList, wholeNumber } from '../option-values.ts';
import { createSession } from '../session.ts';
import { DIGITS_MAX } from './compute.ts';

export interface DemoOptions {
  readonly csv?: string;
  readonly column?: string;
  readonly columns?: readonly string[];
  readonly regress?: string;
  readonly decimals?: number;
  readonly digits: number;
}

export function addDemo(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('demo')
    .description('run a whole m-cloud in this process: upload real readings, compute, compare, stop')
    .option('--csv <file>', 'readings from this file (default: 8,759 hourly temperatures of Seattle)')
    .option('--column <name>', 'the column of the file with the readings')
    .option('--columns <names>', 'several columns: each row is one reading of as many fields', nameList)
    .option('--regress <name>', 'least squares of this one of --columns on the others')
    .option('--decimals <n>', 'digits after the point (default: the most found)', wholeNumber(0, 38))
    .option('--digits <n>', 'significant digits of rounded numbers', wholeNumber(1, DIGITS_MAX), 30);
  examples(command, [
    ['m-cloud demo', 'hourly temperatures, 3 domains of 2 nodes over HTTPS'],
    ['m-cloud demo --csv readings.csv --column watts', 'your own numbers'],
    ['m-cloud demo --csv houses.csv --columns price,area,rooms --regress price', 'a regression'],
    ['m-cloud demo --json', 'one JSON object'],
  ]);
  command.addHelpText(
    'after',
    "\nCovariances of --columns are over n - 1, correlations are Pearson's; a regression on p columns has an\n" +
      'intercept, standard errors and t with n - p - 1 degrees of freedom, and two-sided p-values.',
  );
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'INEXACT']);
  command.action(async (options: DemoOptions) => {
    const session = createSession(command, environment);
    // Loaded only here: it brings a whole node along, which no other command needs.
    const { runDemo } = await import('../embedded/index.ts');
    await runDemo(session, options).catch((error: unknown) => {
      throw hasCode(error, 'UNREACHABLE', 'INCOMPLETE')
        ? new EngineError(error.code, error.message, { ...error.details, hint: 'demo' })
        : error;
    });
  });
}
