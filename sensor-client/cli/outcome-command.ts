import type { Command } from 'commander';
import type { ExitName } from '../../src/foundation/index.ts';
import type { CliEnvironment } from './environment.ts';
import { addSensorOptions, type SensorCliOptions, withSensor } from './open-sensor.ts';
import { examples, exits } from './usage.ts';

const EXITS = { TRUE: 'OK', ERROR: 'NOT_COMMITTED', UNDECIDED: 'UNDECIDED' } as const;

export function addOutcome(
  program: Command,
  environment: CliEnvironment,
  ended: (exit: ExitName) => void,
): void {
  const command = addSensorOptions(program.command('outcome'))
    .description('ask what became of a reading: TRUE, ERROR or UNDECIDED')
    .argument('<flag-key>', 'as the upload told it')
    .option('--json', 'print the answer as one JSON object');
  examples(command, [
    ['m-cloud-sensor outcome --bundle sensor.json --stream HASH FLAG_KEY', 'after READING_UNDECIDED'],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN', 'UNDECIDED', 'NOT_COMMITTED', 'INTERRUPTED']);
  command.action(async (flagKey: string, options: SensorCliOptions & { readonly json?: boolean }) => {
    await withSensor(environment, options, async (sensor) => {
      const outcome = await sensor.outcome(flagKey, { signal: environment.signal });
      environment.out(options.json === true ? `${JSON.stringify({ flagKey, outcome })}\n` : `${outcome}\n`);
      ended(EXITS[outcome]);
    });
  });
}
