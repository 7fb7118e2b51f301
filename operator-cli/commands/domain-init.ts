import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { domainId, nodeId } from '../../src/ring/index.ts';
import { createDomain, writeDomain } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { replicasOf, wholeNumber } from '../option-values.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

interface NodeOption {
  readonly id: NodeId;
  readonly host: string;
}

interface DomainInitOptions {
  readonly domain: DomainId;
  readonly operatorName: string;
  readonly provider: string;
  readonly node: readonly NodeOption[];
  readonly replicas?: number;
  readonly publicPort: number;
  readonly peerPort: number;
  readonly listen: string;
}

export function addDomainInit(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('init')
    .description(
      "make one domain's keys, certificates and signed section in a new folder, on its own computer",
    )
    .argument('<dir>', 'folder to make')
    .requiredOption('--domain <id>', 'the domain, unique in the ring', domainOption)
    .requiredOption('--operator-name <name>', 'the legal person that runs the nodes')
    .requiredOption('--provider <name>', 'the company whose computers they are')
    .requiredOption('--node <id=host>', 'a node and the host it is reached at; once per node', nodeOption)
    .option(
      '--replicas <n>',
      'nodes that own each partition (default: 2, or 1 of one node)',
      wholeNumber(1, 128),
    )
    .option('--public-port <n>', 'port for sensors and operators', wholeNumber(1, 65_535), 7_400)
    .option('--peer-port <n>', 'port for other nodes', wholeNumber(1, 65_535), 7_401)
    .option('--listen <address>', 'address the nodes listen on', '0.0.0.0');
  examples(command, [
    [
      'm-cloud domain init ./cloud-a --domain cloud-a --operator-name "A Ltd" --provider "Cloud One" --node cloud-a-1=a1.example.org --node cloud-a-2=a2.example.org',
      '',
    ],
  ]);
  exits(command, ['FAILED', 'REFUSED']);
  command.action(async (dir: string, options: DomainInitOptions) => {
    const session = createSession(command, environment);
    const folder = resolve(environment.workingFolder, dir);
    const { publicPort, peerPort, listen: listenHost } = options;
    checkDistinct(options.node);
    checkPorts(options);
    const material = await createDomain(
      {
        domain: options.domain,
        operatorName: options.operatorName,
        provider: options.provider,
        replicas: replicasOf(options.replicas, options.node.length),
        nodes: options.node.map(({ id, host }) => ({
          id,
          address: { host, listenHost, publicPort, peerPort },
        })),
      },
      { randomBytes: environment.randomBytes, nowMs: environment.clock.now() },
    );
    // A domain decides later, in its own settings, whom it believes; nobody is believed by default.
    await writeDomain(folder, material, { enrolmentAuthorities: [], allowOpenEnrolment: false });
    const key = toBase64Url(material.key.publicKey);
    session.say(
      `send section.jws to the operator, and publish the key ${key} where sensors' owners can compare it`,
    );
    const nodes = material.nodes.map(({ id, url, peerUrl }) => ({ id, url, peerUrl }));
    session.answer({ folder, domain: material.domain, key, section: 'section.jws', nodes }, () =>
      [
        renderTable([
          ['domain', material.domain],
          ['key', key],
        ]),
        renderTable([
          ['node', 'address', 'for other nodes'],
          ...nodes.map(({ id, url, peerUrl }) => [id, url, peerUrl]),
        ]),
      ].join('\n'),
    );
  });
}

/** One host for two nodes would be one computer with the same ports twice. */
function checkDistinct(nodes: readonly NodeOption[]): void {
  for (const what of ['id', 'host'] as const) {
    const values = nodes.map((node) => node[what]);
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined) {
      throw new EngineError('INVALID_ARGUMENT', `expected every ${what} of --node once, got ${twice} twice`);
    }
  }
}

/** The ring would refuse the section later, on another person's desk. */
function checkPorts({ publicPort, peerPort }: DomainInitOptions): void {
  if (publicPort !== peerPort) return;
  const got = `got ${publicPort} for both`;
  throw new EngineError('INVALID_ARGUMENT', `expected --public-port and --peer-port to differ, ${got}`);
}

function domainOption(text: string): DomainId {
  return asOption(() => domainId(text));
}

function nodeOption(text: string, before: readonly NodeOption[] = []): readonly NodeOption[] {
  const [id = '', host = '', ...rest] = text.split('=');
  if (host === '' || rest.length > 0) {
    throw new InvalidArgumentError('Expected a node and its host, such as cloud-a-1=a1.example.org.');
  }
  return [...before, { id: asOption(() => nodeId(id)), host }];
}

/** A value that an identifier refuses is a wrong call, not a wrong document. */
function asOption<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof EngineError ? new InvalidArgumentError(error.message) : error;
  }
}
