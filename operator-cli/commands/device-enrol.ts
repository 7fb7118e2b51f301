import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EngineError, fromBase64Url, toHex } from '../../src/foundation/index.ts';
import { isP256Point } from '../../src/platform/index.ts';
import { sensorIdOf } from '../../src/protocol/index.ts';
import { ROSTER_STREAMS_MAX } from '../../src/protocol/limits.ts';
import { streamHash } from '../../src/ring/index.ts';
import { readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { createSession } from '../session.ts';
import { addDeviceOptions, changeRoster, type DeviceOptions } from './device-options.ts';

interface EnrolOptions extends DeviceOptions {
  readonly keys?: string;
  readonly stream?: readonly string[];
}

export function addDeviceEnrol(parent: Command, environment: CliEnvironment): void {
  const command = addDeviceOptions(parent.command('enrol'))
    .description('say that sensors are real, by their public keys')
    .argument('[key...]', 'public keys as "m-cloud-sensor keygen" prints them')
    .option('--keys <file>', 'more of them, one per line')
    .option(
      '--stream <hash>',
      `for this stream only; repeatable, at most ${ROSTER_STREAMS_MAX} (default: every stream)`,
      (hash: string, before: readonly string[] = []) => [...before, hash],
    );
  examples(command, [
    ['m-cloud device enrol --bundle sensor.json KEY', 'one sensor'],
    ['m-cloud device enrol --bundle sensor.json --keys delivered.txt', 'as many as the file has'],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (given: readonly string[], options: EnrolOptions) => {
    const session = createSession(command, environment);
    const enrol = [...given, ...(await linesOf(environment, options.keys))].map(sensorKey);
    if (enrol.length === 0) throw new EngineError('INVALID_ARGUMENT', 'expected a public key, got none');
    const streams = options.stream?.map(streamHash) ?? null;
    await changeRoster(session, options, ({ log }) => {
      for (const key of enrol) {
        const id = toHex(sensorIdOf(key));
        if (log.sensors.get(id)?.state !== 'revoked') continue;
        throw new EngineError(
          'SENSOR_REVOKED',
          `expected new sensors, got ${id}, which was revoked for ever`,
        );
      }
      return { enrol, revoke: [], streams };
    });
  });
}

async function linesOf(environment: CliEnvironment, file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const text = await readText(resolve(environment.workingFolder, file), 'public keys');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Checked here and not by nodes: they believe their authority, and a key that is no point serves nobody. */
function sensorKey(text: string, place: number): Uint8Array {
  const key = /^B[A-Za-z0-9_-]{86}$/.test(text) ? fromBase64Url(text) : new Uint8Array(0);
  if (isP256Point(key)) return key;
  throw new EngineError(
    'MALFORMED_TEXT',
    `expected a sensor's public key of 87 characters as key ${place + 1}, got ${text.length} characters that are none`,
  );
}
