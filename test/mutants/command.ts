import { spawn } from 'node:child_process';
import type { Detector } from './mutant.ts';

/** What a command printed and how it ended; a code of null is a command that was stopped. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Threads start sooner than processes, and every mutant starts them anew. */
const VITEST = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'test/vitest.config.ts',
  '--pool=threads',
];
/** What a detector prints is a report and the violations; beyond this it is cut. */
const OUTPUT_CHARACTERS_MAX = 4_000_000;

/** Arguments for Node; every detector prints its report as JSON. */
export function argumentsOf(detector: Detector): readonly string[] {
  switch (detector.kind) {
    case 'test':
      return testArguments([detector]);
    case 'simulation':
      return [
        '--import',
        'tsx',
        'test/simulation/main.ts',
        '--json',
        '--jobs',
        '1',
        '--seeds',
        String(detector.seeds),
      ];
    case 'model':
      return ['--import', 'tsx', 'test/model/main.ts', '--json', '--jobs', '1', '--only', detector.only];
  }
}

/** One run of several named tests. */
export function testArguments(tests: readonly { readonly file: string; readonly title: string }[]): string[] {
  const files = [...new Set(tests.map(({ file }) => file))];
  const titles = [...new Set(tests.map(({ title }) => escaped(title)))].join('|');
  return [...VITEST, '--reporter=json', '--testNamePattern', titles, ...files];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const underWay = new Set<number>();

/** Stops every command and all that it started; for a runner that is interrupted. */
export function stopCommands(): void {
  for (const group of underWay) process.kill(-group, 'SIGKILL');
  underWay.clear();
}

/** Runs Node in a folder; after `limitMs` it and all that it started are stopped. */
export function run(args: readonly string[], folder: string, limitMs: number): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that the processes of a test runner that hangs end with it.
    const child = spawn(process.execPath, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const group = child.pid;
    if (group !== undefined) underWay.add(group);
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < OUTPUT_CHARACTERS_MAX) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < OUTPUT_CHARACTERS_MAX) stderr += text;
    });
    const timer = setTimeout(() => {
      timedOut = true;
      if (group !== undefined) process.kill(-group, 'SIGKILL');
    }, limitMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (group !== undefined) underWay.delete(group);
      resolve({ code, stdout, stderr, timedOut });
    });
  });
}
