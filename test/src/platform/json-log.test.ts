import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../src/platform/json-log.ts', import.meta.url));

/** Runs a program that logs and exits at once: what it wrote must be there all the same. */
async function run(program: string): Promise<{ stdout: string; stderr: string }> {
  const source = `import { jsonLog } from ${JSON.stringify(MODULE)}; ${program} process.exit(0);`;
  return promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source]);
}

test('every line is one JSON object with level, time, message and fields, written before the process ends', async () => {
  const { stdout, stderr } = await run(`
    const log = jsonLog({ level: 'info', to: 'stderr', fields: { node: 'a-1' } });
    log.debug('too quiet');
    log.info('hello', { count: 2 });
    log.error('bad');`);
  expect(stdout).toBe('');
  const lines = stderr
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), node: 'a-1', count: 2, msg: 'hello' },
    { level: 'error', time: expect.any(String), node: 'a-1', msg: 'bad' },
  ]);
});

test('silent writes nothing, and a server logs to stdout', async () => {
  const program = (level: string) => `jsonLog({ level: '${level}', to: 'stdout' }).error('bad');`;
  expect(await run(program('silent'))).toEqual({ stdout: '', stderr: '' });
  expect((await run(program('error'))).stdout).toContain('"msg":"bad"');
});
