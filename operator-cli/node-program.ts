import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from './at-exit.ts';

/** How a process ended: with an exit code, or by a signal. */
export interface NodeEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A node that runs as a process of its own. */
export interface NodeProgram {
  /** Undefined where the process could not be made. */
  readonly pid: number | undefined;
  /** Resolves, never rejects, when the process has ended, also where it could not be made: then with 1. */
  readonly ended: Promise<NodeEnd>;
  /** Tells it to stop in order. Idempotent. */
  stop(): void;
}

/** The command of a node, as a source or compiled, as this file is. */
const PROGRAM = fileURLToPath(new URL(`../node/main${extname(import.meta.url)}`, import.meta.url));

/**
 * Starts `m-cloud-node` with the settings of a file.
 * @param log where standard output and standard error are added.
 */
export function startNodeProgram(config: string, log: string): NodeProgram {
  const file = openSync(log, 'a');
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, '--config', config], {
    stdio: ['ignore', file, file],
    // A signal of the terminal would reach it beside ours, and a second one ends a node at once.
    detached: true,
  });
  closeSync(file);
  const stop = () => {
    child.kill('SIGTERM');
  };
  // Whatever ends this process must not leave nodes behind that nobody knows of.
  const stay = atExit(stop);
  const ended = once(child, 'close').then(
    ([code, signal]): NodeEnd => ({ code, signal }),
    (): NodeEnd => ({ code: 1, signal: null }),
  );
  void ended.then(stay);
  return { pid: child.pid, ended, stop };
}
