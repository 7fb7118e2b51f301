import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atExit } from '../../support/at-exit.ts';
import type { Answer } from './messages.ts';

/** A program of the benchmark in a process of its own. */
export interface Program {
  readonly pid: number;
  ask(name: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** @param file beside this one. */
export function startProgram(file: string, args: readonly string[] = []): Program {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production' },
  });
  const exited = once(child, 'exit');
  const waiting = new Map<number, { resolve: (body: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  const kill = () => child.kill('SIGKILL');
  const stay = atExit(kill);
  child.on('message', ({ id, body, error }: Answer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(body);
    else asker?.reject(new Error(`${file}: ${error}`));
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    ask(name, body) {
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, name, body });
      });
    },
    async close() {
      stay();
      if (child.exitCode === null && child.signalCode === null) kill();
      await exited;
    },
  };
}
