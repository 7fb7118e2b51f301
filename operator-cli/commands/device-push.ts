import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import { readAuthority, requireReached } from '../authority/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { createSession } from '../session.ts';
import {
  addDeviceOptions,
  authorityFolder,
  type DeviceOptions,
  pushLog,
  pushTable,
} from './device-options.ts';

export function addDevicePush(parent: Command, environment: CliEnvironment): void {
  const command = addDeviceOptions(parent.command('push')).description(
    "bring an authority's log to every node that lacks some of it",
  );
  examples(command, [['m-cloud device push --bundle sensor.json', '']]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (options: DeviceOptions) => {
    const session = createSession(command, environment);
    const { log } = await readAuthority(authorityFolder(session, options));
    const pushed = await pushLog(session, options, log.batches);
    if (pushed === null) throw new EngineError('INVALID_ARGUMENT', 'expected --bundle, got none');
    session.answer({ sequence: log.batches.length, nodes: pushed }, () => pushTable(pushed));
    requireReached(pushed);
  });
}
