import type { Command } from 'commander';
import type { RingDocument } from '../../src/ring/index.ts';
import { readIdentity } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { counted, renderTable, shownTime } from '../output.ts';
import { createSession } from '../session.ts';

export function addRingShow(parent: Command, environment: CliEnvironment): void {
  const command = parent.command('show').description("the operator's ring document: domains, nodes, rules");
  examples(command, [
    ['m-cloud ring show', ''],
    ['m-cloud ring show --json | jq .domains', ''],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED']);
  command.action(async () => {
    const session = createSession(command, environment);
    const { config } = command.optsWithGlobals<{ readonly config?: string }>();
    const { ring } = await readIdentity(environment, config);
    session.answer(ringJson(ring), () => ringText(ring));
  });
}

function ringJson(ring: RingDocument) {
  return {
    epoch: ring.epoch,
    hash: ring.hash,
    development: ring.development,
    acceptors: ring.acceptors,
    placementFrom: ring.placementFrom,
    operatorKey: ring.operatorKey,
    domains: ring.domains.map(({ domain, version, operatorName, provider, key, replicas, nodes }) => ({
      domain,
      version,
      operatorName,
      provider,
      key,
      replicas,
      nodes,
    })),
  };
}

function ringText(ring: RingDocument): string {
  const facts = [
    ['epoch', String(ring.epoch)],
    ['hash', ring.hash],
    ['acceptors per flag', String(ring.acceptors)],
    ['placement from', shownTime(ring.placementFrom)],
    ['development', ring.development ? 'yes: one party made all keys' : 'no'],
  ];
  const nodes = ring.domains.flatMap(({ domain, provider, replicas, nodes }) =>
    nodes.map(({ id, url }, i) => [
      i === 0 ? domain : '',
      i === 0 ? provider : '',
      i === 0 ? counted(replicas, 'replica') : '',
      id,
      url,
    ]),
  );
  return [
    renderTable(facts),
    renderTable([['domain', 'provider', 'replicas', 'node', 'address'], ...nodes]),
  ].join('\n');
}
