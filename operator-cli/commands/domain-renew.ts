import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { Renewal } from '../cluster/index.ts';
import { RENEWALS, renewDomain } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

/** What has to follow, in the order in which it has to. */
const NEXT: Readonly<Record<Renewal, string>> = {
  certificates:
    'copy tls.* and peer.* of each node to its computer and restart the nodes, one after the other',
  authority:
    'send section.jws to the operator, who assembles and publishes it; restart every node of the ring within the time ' +
    'that the old certificate still has',
  'authority-key':
    'send section.jws to the operator, who assembles and publishes it; then copy each node folder to its computer and ' +
    'restart the nodes of the ring, these first. Until then nobody trusts these nodes',
  'sealing-key':
    'copy each node folder to its computer and restart the nodes, one after the other; only then send section.jws to ' +
    'the operator, who assembles and publishes it',
  'domain-key':
    'send section.jws to the operator, who assembles and publishes it, and publish the new key where sensors’ owners ' +
    'compare it; destroy the old key once every node has the document',
};

export function addDomainRenew(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('renew')
    .description('make certificates or keys of a domain anew, on its own computer')
    .argument('<dir>', 'the folder that "domain init" made')
    .addArgument(new Argument('<what>', 'what to make anew').choices(RENEWALS));
  examples(command, [
    ['m-cloud domain renew ./cloud-a certificates', "every node's, for another year"],
    ['m-cloud domain renew ./cloud-a authority', "the authority's, for another ten years"],
    ['m-cloud domain renew ./cloud-a sealing-key', ''],
    ['m-cloud domain renew ./cloud-a domain-key', ''],
  ]);
  exits(command, ['FAILED', 'REFUSED']);
  command.action(async (dir: string, what: Renewal) => {
    const session = createSession(command, environment);
    const folder = resolve(environment.workingFolder, dir);
    const source = { randomBytes: environment.randomBytes, nowMs: environment.clock.now() };
    const { domain, version, key } = await renewDomain(folder, what, source);
    session.say(NEXT[what]);
    session.answer({ domain, renewed: what, version, key }, () =>
      renderTable([
        ['domain', domain],
        ['renewed', what],
        ['section', `version ${version}`],
        ['key', key],
      ]),
    );
  });
}
