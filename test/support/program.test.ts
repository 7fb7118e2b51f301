import { parseArgs } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { runProgram, wholeOption } from './program.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

test.each<[string, () => unknown, RegExp]>([
  [
    'an unknown option',
    () => parseArgs({ args: ['--typo'], options: {} }),
    /^Unknown option '--typo'.*--help/,
  ],
  [
    'a value out of range',
    () => wholeOption('kills', '0', 1, 9),
    /^expected --kills from 1 to 9, got 0; --help/,
  ],
  ['a value that is no number', () => wholeOption('kills', 'x', 1, 9), /^expected --kills .* got x; --help/],
])('%s ends a program with 2 and one line', async (_, call, line) => {
  const told = vi.spyOn(console, 'error').mockReturnValue();
  await runProgram(async () => {
    call();
    return 0;
  });
  expect(process.exitCode).toBe(2);
  expect(told.mock.calls).toEqual([[expect.stringMatching(line)]]);
});

test('what a program returns is how it ends, and a fault of its own keeps its stack', async () => {
  await runProgram(async () => 7);
  expect(process.exitCode).toBe(7);
  const fault = new RangeError('Invalid array length');
  await expect(runProgram(() => Promise.reject(fault))).rejects.toBe(fault);
});

test('a reader that closes early is no failure', async () => {
  await runProgram(async () => {
    process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    return 0;
  });
  expect(process.exitCode).toBe(0);
  const fault = Object.assign(new Error('write EIO'), { code: 'EIO' });
  expect(() => process.stdout.emit('error', fault)).toThrow(fault);
});
