import { type Command, type CommandResult, start } from './command.ts';
import type { NamedTest } from './mutant.ts';
import type { TestAnswer, TestRequest } from './test-process.ts';

/** Runs named tests in a copy of the source. */
export interface TestRunner {
  /** After `limitMs` the tests are stopped. One run comes after the other. */
  run(tests: readonly NamedTest[], limitMs: number): Promise<CommandResult>;
  /** A file below the folder is not what it was in the last run. */
  changed(path: string): void;
  close(): void;
}

/**
 * Tests of one folder in one process that stays: it has transformed the source once, and only what changed since
 * is transformed again. Every run gets a new worker, so that nothing of a mutant is left for the next.
 */
export function createTestRunner(folder: string): TestRunner {
  const changed = new Set<string>();
  let running: Command | undefined;

  function process(): Command {
    if (running !== undefined) return running;
    const command = start(['--import', 'tsx', 'test/mutants/test-process.ts'], folder);
    command.child.once('close', () => {
      if (running === command) running = undefined;
    });
    running = command;
    return command;
  }

  return {
    run(tests, limitMs) {
      const { child, stop, output } = process();
      return new Promise((resolve, reject) => {
        let timedOut = false;
        const timer = setTimeout(() => {
          timedOut = true;
          stop();
        }, limitMs);
        const over = () => {
          clearTimeout(timer);
          child.off('message', answered).off('close', ended).off('error', failed);
        };
        const answered = ({ report, good }: TestAnswer) => {
          over();
          resolve({ code: good ? 0 : 1, stdout: report, stderr: '', timedOut });
        };
        const ended = (code: number | null) => {
          over();
          resolve({ code, ...output(), timedOut });
        };
        const failed = (error: Error) => {
          over();
          reject(error);
        };
        child.on('message', answered).once('close', ended).once('error', failed);
        const request: TestRequest = { tests, changed: [...changed] };
        changed.clear();
        child.send(request);
      });
    },
    changed: (path) => void changed.add(path),
    close: () => running?.stop(),
  };
}
