import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const HELP = `npm run attack -- [NAME ...]

Carries out the attacks that docs/THREATS.md names against running nodes. Each line says what came of one: refused,
or how far it gets. The last line is "N passed, M failed".

  NAME  files of test/attack to run (default: all), for example gate

Exits with 1 when an attack went further than docs/THREATS.md says.`;

async function main(names: readonly string[]): Promise<number> {
  if (names.includes('--help') || names.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const run = ['run', '--config', 'test/attack/vitest.config.ts', ...names];
  const child = spawn(process.execPath, [vitest, ...run], { cwd: root, stdio: 'inherit' });
  const [code]: (number | null)[] = await once(child, 'close');
  return code ?? 1;
}

process.exitCode = await main(process.argv.slice(2));
