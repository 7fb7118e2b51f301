import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { explainedCode, systemCode, systemReason } from '../../../src/foundation/index.ts';

it('says what went wrong with a file in words, beside the code', async () => {
  const folder = await mkdtemp(`${tmpdir()}/m-cloud-`);
  const reasonOf = (path: string) => readFile(path).then(() => 'none', systemReason);
  expect(await reasonOf(`${folder}/none`)).toBe('ENOENT (no such file or folder)');
  expect(await reasonOf(folder)).toBe('EISDIR (it is a folder)');
});

it('takes the innermost code, and names a failure without one', () => {
  const inner = Object.assign(new Error('inner'), { code: 'ENOSPC' });
  const outer = Object.assign(new Error('outer', { cause: inner }), { code: 'LEVEL_DATABASE_NOT_OPEN' });
  expect(systemCode(outer)).toBe('ENOSPC');
  expect(systemCode(new Error('no code'))).toBe('UNKNOWN');
  expect(systemCode('text')).toBe('UNKNOWN');
});

it('leaves a code alone that it does not know', () => {
  expect(explainedCode('EXOTIC')).toBe('EXOTIC');
  expect(explainedCode('constructor')).toBe('constructor');
});
