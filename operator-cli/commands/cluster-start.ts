import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { EngineError, systemReason } from '../../src/foundation/index.ts';
import { readIdentity } from '../config.ts';
import { type EndedNode, lastLines, lossText, nameOf, startFailure } from '../ended-node.ts';
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
      'run every node of a cluster on this computer until stopped, each with a log beside its settings; one that ends is told, and the others run on',
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
    const notStarted = Promise.race(nodes.map(failedStart));
    // Later ends are losses, which are told below.
    notStarted.catch(() => {});
    const over = new AbortController();
    const asking = { ...environment, signal: AbortSignal.any([signal, over.signal]) };
    try {
      await Promise.race([notStarted, serving(join(folder, 'operator.json'), asking)]);
      const started = nodes.map(({ config, log, program }) => ({ config, log, pid: program.pid }));
      session.answer({ nodes: started }, () =>
        renderTable([
          ['node', 'process', 'log'],
          ...started.map(({ config, log, pid }) => [
            nameOf(config),
            String(pid),
            relative(environment.workingFolder, log),
          ]),
        ]),
      );
      session.say(`${counted(nodes.length, 'node')} ready; Ctrl-C stops them`);
      await Promise.race([allLost(nodes, environment), aborted(signal)]);
    } finally {
      // Whoever still asks whether all serve would keep this program running for ever.
      over.abort();
      for (const { program } of nodes) program.stop();
      await Promise.all(nodes.map(({ program }) => program.ended));
    }
  });
}

interface StartedNode {
  readonly config: string;
  readonly log: string;
  readonly program: NodeProgram;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<EndedNode>;
}

function startedNode(config: string, { startNode, workingFolder }: CliEnvironment): StartedNode {
  const log = join(dirname(config), 'log');
  const from = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const program = startNode(config, log);
  const found = (path: string) => relative(workingFolder, path);
  const ended = program.ended.then(async (end): Promise<EndedNode> => {
    return { config: found(config), log: found(log), end, lines: await lastLines(log, from) };
  });
  return { config, log, program, ended };
}

/** @throws EngineError with the node's own code when it has ended */
async function failedStart({ ended }: StartedNode): Promise<never> {
  throw startFailure(await ended);
}

/**
 * Tells every node that ends, also under --quiet; the others go on, which is what a cluster is for.
 * @throws EngineError `INTERNAL` when none is left
 */
async function allLost(nodes: readonly StartedNode[], { err, signal }: CliEnvironment): Promise<never> {
  let running = nodes.length;
  await Promise.all(
    nodes.map(async ({ ended }) => {
      const node = await ended;
      running -= 1;
      if (!signal.aborted) err(lossText(node, running));
    }),
  );
  throw new EngineError(
    'INTERNAL',
    `expected nodes to run until they are stopped, got the end of all ${nodes.length}`,
  );
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
