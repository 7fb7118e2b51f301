import type { Command } from 'commander';
import { toBase64Url, toHex } from '../../src/foundation/index.ts';
import { generateP256 } from '../../src/platform/index.ts';
import { sensorIdOf } from '../../src/protocol/index.ts';
import type { CliEnvironment } from './environment.ts';
import { examples, exits } from './usage.ts';

export function addKeygen(program: Command, environment: CliEnvironment): void {
  const command = program
    .command('keygen')
    .description("make the sensor's own key; the file never leaves the device, the printed public key does")
    .argument('<file>', 'file to make, readable by its owner only')
    .option('--json', 'print sensor id and public key as one JSON object');
  examples(command, [['m-cloud-sensor keygen sensor.key', 'the public key goes to the enrolment authority']]);
  exits(command, ['FAILED']);
  command.action(async (file: string, { json }: { readonly json?: boolean }) => {
    const { publicKey, privateKeyPem } = await generateP256();
    await environment.writeSecret(file, privateKeyPem);
    const key = toBase64Url(publicKey);
    const sensor = toHex(sensorIdOf(publicKey));
    environment.out(json === true ? `${JSON.stringify({ sensor, key })}\n` : `${key}\n`);
    if (json !== true) environment.err(`sensor ${sensor}\n`);
  });
}
