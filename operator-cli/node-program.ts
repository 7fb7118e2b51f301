import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from './at-exit.ts';

/** A node that runs as a process of its own. */
export interface NodeProgram {
  /** Resolves, never rejects, with the exit code when the process has ended, also by a signal: then with 1. */
  readonly ended: Promise<number>;
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
    ([code]) => Number(code ?? 1),
    () => 1,
  );
  void ended.then(stay);
  return { ended, stop };
}
