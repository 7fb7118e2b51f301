import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { residentSets } from './node-memory.ts';

const MEBIBYTE = 1_048_576;

/** A process that fills so many bytes and then waits. */
async function filled(bytes: number): Promise<{ readonly pid: number; end(): Promise<unknown> }> {
  const program = `globalThis.kept = Buffer.alloc(${bytes}, 1); console.log('filled'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const end = () => {
    child.kill('SIGKILL');
    return ended;
  };
  onTestFinished(async () => void (await end()));
  await once(child.stdout, 'data');
  return { pid: child.pid ?? Number.NaN, end };
}

test.runIf(process.platform === 'linux')('the memory of own processes is what they fill', async () => {
  const first = await filled(0);
  const small = await residentSets([first.pid]);
  const other = await filled(96 * MEBIBYTE);
  const pids = [first.pid, other.pid];
  const both = await residentSets(pids);
  expect([small.processes, both.processes]).toEqual([1, 2]);
  for (const kind of ['resident', 'anonymous'] as const) {
    const second = both[kind] - small[kind];
    expect(second - small[kind]).toBeGreaterThan(80 * MEBIBYTE);
    expect(second - small[kind]).toBeLessThan(130 * MEBIBYTE);
  }
  expect(both.resident).toBeGreaterThan(both.anonymous);
  await other.end();
  await expect(residentSets(pids)).rejects.toThrow('processes that run');
});
