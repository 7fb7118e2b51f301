import { resolve } from 'node:path';
import type { Command } from 'commander';
import { toBase64Url } from '../../src/foundation/index.ts';
import { generateEd25519 } from '../../src/platform/index.ts';
import { writeAuthority } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addDeviceInitAuthority(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('init-authority')
    .description('make the key of an enrolment authority in a new folder')
    .argument('<dir>', 'folder to make');
  examples(command, [['m-cloud device init-authority ./authority', '']]);
  exits(command, ['FAILED']);
  command.action(async (dir: string) => {
    const session = createSession(command, environment);
    const { publicKey, privateKeyPem } = await generateEd25519();
    const folder = resolve(environment.workingFolder, dir);
    await writeAuthority(folder, privateKeyPem);
    const key = toBase64Url(publicKey);
    session.say('each domain that is to believe this key puts it into enrolmentAuthorities of its node.json');
    session.answer({ folder, key }, () => renderTable([['key', key]]));
  });
}
