import { Command, CommanderError } from 'commander';
import type { ExitName } from '../../src/foundation/index.ts';
import { EngineError, EXIT_CODES, exitCodesHelp, exitOf } from '../../src/foundation/index.ts';
import { packageVersion } from '../../src/platform/index.ts';
import type { CliEnvironment } from './environment.ts';
import { addKeygen } from './keygen-command.ts';
import { addOutcome } from './outcome-command.ts';
import { addRotate } from './rotate-command.ts';
import { addUpload } from './upload-command.ts';
import { examples } from './usage.ts';

/**
 * The `m-cloud-sensor` command.
 * @param args the arguments behind the program's name.
 * @returns the exit code; nothing is thrown.
 */
export async function runSensorCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  let exit: ExitName = 'OK';
  try {
    await createProgram(environment, (name) => {
      exit = name;
    }).parseAsync([...args], { from: 'user' });
  } catch (error) {
    exit = reportError(error, environment);
  }
  return EXIT_CODES[exit].code;
}

function createProgram(environment: CliEnvironment, ended: (exit: ExitName) => void): Command {
  const program = new Command('m-cloud-sensor')
    .description(
      'Hands private readings to an m-cloud: no single cloud, and no operator, learns one of them.',
    )
    .version(packageVersion(), '--version', 'print the version of the program')
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: environment.out,
      writeErr: environment.err,
      getOutHelpWidth: () => environment.columns,
      getErrHelpWidth: () => environment.columns,
    });
  examples(program, [
    ['m-cloud-sensor upload --bundle sensor.json --stream HASH 21.5', 'commit one reading'],
    ['m-cloud-sensor outcome --bundle sensor.json --stream HASH FLAG_KEY', 'ask what became of one'],
  ]);
  program.addHelpText('after', `\n${exitCodesHelp()}`);
  addUpload(program, environment, ended);
  addOutcome(program, environment, ended);
  addKeygen(program, environment);
  addRotate(program, environment);
  return program;
}

function reportError(error: unknown, { err, signal }: CliEnvironment): ExitName {
  if (error instanceof CommanderError) {
    return ['commander.helpDisplayed', 'commander.version'].includes(error.code) ? 'OK' : 'USAGE';
  }
  // Whatever fails after the person asked to stop fails because of that.
  if (signal.aborted) {
    err('interrupted\n');
    return 'INTERRUPTED';
  }
  if (error instanceof EngineError) err(`${error.code}: ${error.message}\n`);
  else err(`unexpected failure: ${error instanceof Error ? error.message : String(error)}\n`);
  return exitOf(error);
}
