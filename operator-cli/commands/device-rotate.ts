import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openRotation } from '../authority/index.ts';
import { readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { createSession } from '../session.ts';
import { addDeviceOptions, changeRoster, type DeviceOptions } from './device-options.ts';

export function addDeviceRotate(parent: Command, environment: CliEnvironment): void {
  const command = addDeviceOptions(parent.command('rotate'))
    .description("enrol a sensor's new key and revoke its old one, on the old key's word")
    .argument('<request>', 'file that "m-cloud-sensor rotate" wrote');
  examples(command, [['m-cloud device rotate --bundle sensor.json rotation.json', '']]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (request: string, options: DeviceOptions) => {
    const session = createSession(command, environment);
    const text = await readText(resolve(environment.workingFolder, request), 'the rotation request');
    await changeRoster(session, options, ({ log }) => {
      const { old, newKey, streams } = openRotation(text, log);
      return { enrol: [newKey], revoke: [old], streams };
    });
  });
}
