import { resolve } from 'node:path';
import type { Command } from 'commander';
import { consecutivePorts, createDevelopmentCluster, hostPerNode, writeCluster } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { replicasOf, wholeNumber } from '../option-values.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

interface InitOptions {
  readonly domains: number;
  readonly nodes: number;
  readonly replicas?: number;
  readonly host: string;
  readonly basePort: number;
  readonly hostPerNode?: boolean;
}

export function addClusterInit(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('init')
    .description('write the documents, keys and certificates of a development cluster into a new folder')
    .argument('<dir>', 'folder to make')
    .option('--domains <n>', 'trust domains', wholeNumber(2, 16), 3)
    .option('--nodes <n>', 'nodes of each domain', wholeNumber(1, 128), 2)
    .option(
      '--replicas <n>',
      'nodes of a domain that own each partition (default: 2, or 1 of one node)',
      wholeNumber(1, 128),
    )
    .option('--host <name>', 'host name or address of all nodes', '127.0.0.1')
    .option('--base-port <n>', 'first port; each node takes the next two', wholeNumber(1, 65_535), 7_400)
    .option('--host-per-node', 'every node on a host called like the node, as in a compose file');
  examples(command, [
    ['m-cloud cluster init ./cluster', '3 domains of 2 nodes on this computer'],
    ['m-cloud cluster init ./cluster --domains 2 --nodes 1 --base-port 9000', ''],
  ]);
  exits(command, ['FAILED', 'REFUSED']);
  command.action(async (dir: string, options: InitOptions) => {
    const session = createSession(command, environment);
    const folder = resolve(environment.workingFolder, dir);
    const material = await createDevelopmentCluster({
      domains: options.domains,
      nodesPerDomain: options.nodes,
      acceptors: 3,
      replicas: replicasOf(options.replicas, options.nodes),
      addresses:
        options.hostPerNode === true
          ? hostPerNode(options.basePort)
          : consecutivePorts(options.host, options.basePort),
      randomBytes: environment.randomBytes,
      clock: environment.clock,
    });
    await writeCluster(folder, material);
    const nodes = material.domains.flatMap((domain) => domain.nodes);
    session.say(
      'development cluster: whoever ran this holds the keys of all domains, so it gives no privacy',
    );
    session.answer(
      {
        folder,
        development: true,
        nodes: nodes.map(({ id, domain, url, peerUrl }) => ({ id, domain, url, peerUrl })),
      },
      () => clusterText(dir, nodes, options.hostPerNode === true),
    );
  });
}

function clusterText(
  dir: string,
  nodes: readonly { readonly id: string; readonly domain: string; readonly url: string }[],
  apart: boolean,
): string {
  const table = renderTable([
    ['domain', 'node', 'address'],
    ...nodes.map(({ id, domain, url }) => [domain, id, url]),
  ]);
  const starts = apart
    ? nodes.map(({ id, domain }) => `  m-cloud-node --config ${dir}/${domain}/${id}/node.json\n`)
    : [`  m-cloud cluster start ${dir}\n`];
  return `${table}\n${starts.join('')}  export MCLOUD_CONFIG=${dir}/operator.json\n  m-cloud status\n`;
}
