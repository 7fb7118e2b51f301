import type { Command } from 'commander';
import { readAuthority } from '../authority/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';
import { authorityFolder, type DeviceOptions } from './device-options.ts';

export function addDeviceList(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('list')
    .description("the sensors of an authority's log; asks no node")
    .option('--authority <dir>', "the authority's folder", 'authority');
  examples(command, [['m-cloud device list --authority ./authority', '']]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED']);
  command.action(async (options: DeviceOptions) => {
    const session = createSession(command, environment);
    const { log } = await readAuthority(authorityFolder(session, options));
    const sensors = [...log.sensors].map(([sensor, { state, batch }]) => ({ sensor, state, batch }));
    session.answer({ authority: log.authority, sequence: log.batches.length, sensors }, () =>
      renderTable([
        ['sensor', 'state', 'batch'],
        ...sensors.map(({ sensor, state, batch }) => [sensor, state, String(batch)]),
      ]),
    );
  });
}
