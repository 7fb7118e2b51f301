import type { Command } from 'commander';
import { inFile, toBase64Url, toHex } from '../../src/foundation/index.ts';
import { generateP256, p256FromPem, p256Sign } from '../../src/platform/index.ts';
import { rotationInput, sensorIdOf } from '../../src/protocol/index.ts';
import type { CliEnvironment } from './environment.ts';
import { readText } from './readings.ts';
import { examples, exits } from './usage.ts';

interface RotateOptions {
  readonly key: string;
  readonly newKey: string;
}

export function addRotate(program: Command, environment: CliEnvironment): void {
  const command = program
    .command('rotate')
    .description('make a new key, and let the old one vouch for it towards the enrolment authority')
    .requiredOption('--key <file>', "the sensor's key")
    .requiredOption('--new-key <file>', 'file to make for the new key');
  examples(command, [
    ['m-cloud-sensor rotate --key old.key --new-key new.key > rotation.json', 'for "m-cloud device rotate"'],
  ]);
  exits(command, ['FAILED']);
  command.action(async ({ key, newKey }: RotateOptions) => {
    const pem = await readText(environment, key);
    const old = await inFile(key, () => p256FromPem(pem));
    const fresh = await generateP256();
    const signature = p256Sign(pem, rotationInput(old.publicKey, fresh.publicKey));
    await environment.writeSecret(newKey, fresh.privateKeyPem);
    const request = {
      format: 1,
      oldKey: toBase64Url(old.publicKey),
      newKey: toBase64Url(fresh.publicKey),
      signature: toBase64Url(signature),
    };
    environment.out(`${JSON.stringify(request)}\n`);
    environment.err(
      `sensor ${toHex(sensorIdOf(old.publicKey))} becomes ${toHex(sensorIdOf(fresh.publicKey))}\n`,
    );
  });
}
