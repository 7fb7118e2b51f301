import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from '../../operator-cli/at-exit.ts';
import type { Mutant } from './mutant.ts';
import { mutate } from './mutant.ts';
import { createTestRunner, type TestRunner } from './test-runner.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What the detectors need; everything else of the repository stays out. */
const COPIED = ['src', 'node', 'sensor-client', 'operator-cli', 'test', 'package.json', 'tsconfig.json'];

/** A copy of the source in a folder of its own, where it may be broken. */
export interface Workspace {
  readonly folder: string;
  readonly tests: TestRunner;
  /** Puts a mutant in; the function it gives takes it out again. */
  plant(mutant: Mutant): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'm-cloud-mutants-'));
  // Also where the runner is interrupted: the copies are of no use to anybody.
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const tests = createTestRunner(folder);
  return {
    folder,
    tests,
    async plant(mutant) {
      const path = join(folder, mutant.file);
      const source = await readFile(path, 'utf8');
      const write = async (text: string) => {
        await writeFile(path, text);
        tests.changed(mutant.file);
      };
      await write(mutate(source, mutant));
      return () => write(source);
    },
    async remove() {
      tests.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
