import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startProgram } from '../support/node-processes.ts';
import { LOADER_OPTIONS, programFile } from '../support/program-files.ts';

const PROGRAM = programFile('test/operator-cli/support/at-exit-program');

/** @returns how the program ended, when the process that it started has ended as well. */
async function endedBy(signal: NodeJS.Signals, ...args: string[]) {
  const program = startProgram(PROGRAM, args, LOADER_OPTIONS);
  await program.line('started');
  const allEnded = once(program.child, 'close', { signal: AbortSignal.timeout(20_000) });
  const ended = await program.kill(signal);
  await allEnded;
  return ended;
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a program that %s ends takes its processes along',
  async (signal) => {
    expect(await endedBy(signal)).toEqual({ code: null, signal });
  },
);

test('a program that listens to a signal itself says how it ends', async () => {
  expect(await endedBy('SIGTERM', '--own-listener')).toEqual({ code: 3, signal: null });
});
