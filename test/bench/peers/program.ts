import { fork } from 'node:child_process';
import { once } from 'node:events';
import { atExit } from '../../../operator-cli/at-exit.ts';
import { LOADER_OPTIONS, programFile } from '../../support/program-files.ts';
import type { Answer } from './messages.ts';

/** A program of the benchmark in a process of its own. */
export interface Program {
  readonly pid: number;
  ask(name: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** @param name of a file beside this one, without its end. */
export function startProgram(name: string, args: readonly string[] = []): Program {
  const child = fork(programFile(`test/bench/peers/${name}`), args, {
    execArgv: [...LOADER_OPTIONS],
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
    else asker?.reject(new Error(`${name}: ${error}`));
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${code}`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    ask(question, body) {
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, name: question, body });
      });
    },
    async close() {
      stay();
      if (child.exitCode === null && child.signalCode === null) kill();
      await exited;
    },
  };
}
