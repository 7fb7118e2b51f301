import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../support/node-processes.ts';
import { compiledProgram } from '../support/program-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join('node', 'main.js');
const SOURCES = ['src', 'node'];

/**
 * The compiled node program: a process that starts a TypeScript loader first needs three times as long to be
 * back. Of a compiled caller the one beside it; else the package's own build where it is newer than every source, or one
 * into `folder`, which also keeps a long run on the code it began with.
 */
export async function nodeProgram(folder: string): Promise<string> {
  const beside = compiledProgram('node/main');
  if (beside !== null) return beside;
  const built = join(ROOT, 'dist', MAIN);
  if (existsSync(built) && statSync(built).mtimeMs > newestSourceMs()) return built;
  const programs = join(folder, 'dist');
  await buildPrograms(programs);
  return join(programs, MAIN);
}

function newestSourceMs(): number {
  const times = SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => statSync(join(ROOT, folder, name)).mtimeMs),
  );
  return Math.max(...times);
}
