import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LOADER_OPTIONS, programFile } from '../support/program-files.ts';

it('the engine knows what a node sets about its heap, and says nothing', async () => {
  const script = `import(${JSON.stringify(programFile('node/heap'))}).then((heap) => heap.letHeapGrow())`;
  const program = promisify(execFile)(process.execPath, [...LOADER_OPTIONS, '--eval', script]);
  expect(await program).toEqual({ stdout: '', stderr: '' });
});
