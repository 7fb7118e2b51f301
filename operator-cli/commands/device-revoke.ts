import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { createSession } from '../session.ts';
import { addDeviceOptions, changeRoster, type DeviceOptions } from './device-options.ts';

export function addDeviceRevoke(parent: Command, environment: CliEnvironment): void {
  const command = addDeviceOptions(parent.command('revoke'))
    .description('say that sensors are real no more, for ever')
    .argument('<sensor...>', 'sensor ids, 32 hex digits');
  examples(command, [['m-cloud device revoke --bundle sensor.json SENSOR', '']]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (revoke: readonly string[], options: DeviceOptions) => {
    const session = createSession(command, environment);
    await changeRoster(session, options, ({ log }) => {
      const unknown = revoke.find((id) => !log.sensors.has(id));
      if (unknown !== undefined) {
        throw new EngineError('SENSOR_UNKNOWN', `expected sensors that were enrolled here, got ${unknown}`);
      }
      return { enrol: [], revoke, streams: null };
    });
  });
}
