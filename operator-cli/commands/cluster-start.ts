import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { EngineError, systemReason } from '../../src/foundation/index.ts';
import { readIdentity } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import type { NodeProgram } from '../node-program.ts';
import { counted, renderTable } from '../output.ts';
import { createSession } from '../session.ts';

/** How often the nodes are asked whether they serve, until all do. */
const SERVING_ASK_MS = 500;

export function addClusterStart(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('start')
    .description(
      'run every node of a cluster on this computer until stopped, each with a log beside its settings',
    )
    .argument('<dir>', 'folder that "cluster init" made');
  examples(command, [['m-cloud cluster start ./cluster', 'Ctrl-C stops the nodes; their data stays']]);
  exits(command, ['FAILED', 'INTERRUPTED']);
  command.action(async (dir: string) => {
    const session = createSession(command, environment);
    const { signal } = environment;
    const folder = resolve(environment.workingFolder, dir);
    const settings = await settingsIn(folder);
    const status = `m-cloud --config ${join(dir, 'operator.json')} status`;
    session.say(`starting ${counted(settings.length, 'node')}; \`${status}\` says how they are`);
    const nodes = settings.map((config) => startedNode(config, environment));
    // The first node that ends is told; the others are then stopped.
    const failed = Promise.race(nodes.map(({ ended }) => ended.then(endOf)));
    failed.catch(() => {});
    try {
      await Promise.race([failed, serving(join(folder, 'operator.json'), environment)]);
      session.answer({ nodes: nodes.map(({ config, log }) => ({ config, log })) }, () =>
        renderTable([['log'], ...nodes.map(({ log }) => [relative(environment.workingFolder, log)])]),
      );
      session.say(`${counted(nodes.length, 'node')} ready; Ctrl-C stops them`);
      await Promise.race([failed, aborted(signal)]);
    } finally {
      for (const { program } of nodes) program.stop();
      await Promise.all(nodes.map(({ program }) => program.ended));
    }
  });
}

interface StartedNode {
  readonly config: string;
  readonly log: string;
  readonly program: NodeProgram;
  readonly ended: Promise<{ readonly log: string; readonly code: number }>;
}

function startedNode(config: string, { startNode }: CliEnvironment): StartedNode {
  const log = join(dirname(config), 'log');
  const program = startNode(config, log);
  return { config, log, program, ended: program.ended.then((code) => ({ log, code })) };
}

/** The settings of all nodes, which stand in folders of their domains. @throws EngineError `INVALID_ARGUMENT` */
async function settingsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new EngineError('INVALID_ARGUMENT', `expected a cluster in ${folder}, got ${systemReason(error)}`);
  });
  const found = names.filter((name) => /^[^/\\]+[/\\][^/\\]+[/\\]node\.json$/.test(name));
  if (found.length > 0) return found.sort().map((name) => join(folder, name));
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected a cluster as "m-cloud cluster init" makes it in ${folder}, got no DOMAIN/NODE/node.json there`,
  );
}

/** Waits until every node of the ring answers that it serves. */
async function serving(config: string, environment: CliEnvironment): Promise<void> {
  const { clock, connect, signal } = environment;
  const { operator, close } = connect(await readIdentity(environment, config));
  try {
    for (;;) {
      const reports = await operator.status({ signal });
      if (reports.every((report) => 'status' in report && report.status.ready)) return;
      await clock.sleep(SERVING_ASK_MS, signal);
    }
  } finally {
    await close();
  }
}

/** @throws EngineError always: a node of a cluster that runs does not end by itself */
async function endOf({ log, code }: { readonly log: string; readonly code: number }): Promise<never> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  throw new EngineError(
    code === 2 ? 'INVALID_ARGUMENT' : 'INTERNAL',
    `expected every node to run, got one that ended with ${code}; the last line of ${log} is: ${last}`,
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
