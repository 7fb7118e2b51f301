import { resolve } from 'node:path';
import type { Command } from 'commander';
import { toBase64Url } from '../../src/foundation/index.ts';
import { generateEd25519 } from '../../src/platform/index.ts';
import { writeOperator } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addOperatorInit(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('init')
    .description("make the operator's key and configuration in a new folder")
    .argument('<dir>', 'folder to make');
  examples(command, [['m-cloud operator init ./operator', '']]);
  exits(command, ['FAILED']);
  command.action(async (dir: string) => {
    const session = createSession(command, environment);
    const { publicKey, privateKeyPem } = await generateEd25519();
    const folder = resolve(environment.workingFolder, dir);
    await writeOperator(folder, privateKeyPem);
    const key = toBase64Url(publicKey);
    session.answer({ folder, key }, () => {
      const next = `  export MCLOUD_CONFIG=${dir}/operator.json\n  m-cloud ring assemble SECTION...\n`;
      return `${renderTable([['key', key]])}\n${next}`;
    });
  });
}
