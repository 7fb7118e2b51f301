import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atExit } from '../../operator-cli/at-exit.ts';
import type { NodeEnd } from '../../operator-cli/node-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Lines of a process kept for a failure's message. */
const LINES_KEPT = 20;

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<NodeEnd>;
  /** Its newest lines, of both outputs. */
  readonly lines: readonly string[];
  /** Resolves with the first line that contains the text; rejects when the process ends before. */
  line(text: string): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<NodeEnd>;
}

/**
 * Compiles the repository into a folder, without the checks that `npm run typecheck` makes: a process then starts
 * in a third of the time it takes from source, and runs what is shipped.
 */
export async function buildPrograms(folder: string): Promise<void> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--outDir', folder, '--noCheck', '--declaration', 'false', '--sourceMap', 'false'];
  await promisify(execFile)(process.execPath, [compiler, '-p', join(ROOT, 'tsconfig.json'), ...options]);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json'));
}

/** Starts a compiled program as a process of its own. */
export function startProgram(
  file: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Program {
  const child = spawn(process.execPath, [...nodeOptions, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stay = atExit(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      for (const watch of watchers) watch(line);
    });
  }
  const ended = once(child, 'exit').then(([code, signal]): NodeEnd => {
    stay();
    return { code, signal };
  });
  return {
    child,
    ended,
    lines,
    line: (text) =>
      new Promise((resolve, reject) => {
        const watch = (line: string) => {
          if (!line.includes(text)) return;
          watchers.delete(watch);
          resolve(line);
        };
        watchers.add(watch);
        for (const line of lines) watch(line);
        void ended.then(() => reject(new Error(`${file} ended before "${text}":\n${lines.join('\n')}`)));
      }),
    kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** The nodes of a cluster folder, each a process that can be killed and started again. */
export interface NodeProcesses {
  readonly nodeIds: readonly string[];
  start(nodeId: string): Promise<void>;
  kill(nodeId: string, signal: NodeJS.Signals): Promise<NodeEnd>;
  killAll(signal: NodeJS.Signals): Promise<readonly NodeEnd[]>;
  startAll(): Promise<void>;
}

/**
 * @param main the compiled program of a node.
 * @param configs the settings file of each node, by its id.
 */
export function nodeProcesses(main: string, configs: ReadonlyMap<string, string>): NodeProcesses {
  const running = new Map<string, Program>();
  const processes: NodeProcesses = {
    nodeIds: [...configs.keys()],
    async start(nodeId) {
      const program = startProgram(main, ['--config', configs.get(nodeId) ?? '']);
      running.set(nodeId, program);
      await program.line('node serves');
    },
    async kill(nodeId, signal) {
      const program = running.get(nodeId);
      if (program === undefined) throw new Error(`expected a node that runs, got ${nodeId}`);
      running.delete(nodeId);
      return program.kill(signal);
    },
    killAll: (signal) => Promise.all([...running.keys()].map((nodeId) => processes.kill(nodeId, signal))),
    async startAll() {
      await Promise.all(processes.nodeIds.map((nodeId) => processes.start(nodeId)));
    },
  };
  return processes;
}
