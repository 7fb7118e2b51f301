import { type ChildProcess, spawn } from 'node:child_process';
import type { Detector } from './mutant.ts';

/** What a command printed and how it ended; a code of null is a command that was stopped. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** What a detector prints is a report and the violations; beyond this it is cut. */
const OUTPUT_CHARACTERS_MAX = 4_000_000;

/** Seed 1 takes twice as long as the next two together. */
const FIRST_SEED = 2;

/** Arguments for Node; both print their report as JSON. */
export function argumentsOf(detector: Exclude<Detector, { kind: 'test' }>): readonly string[] {
  const program = ['--import', 'tsx', `test/${detector.kind}/main.ts`, '--json', '--jobs', '1'];
  return detector.kind === 'simulation'
    ? [...program, '--first', '--seed', String(FIRST_SEED), '--seeds', String(detector.seeds)]
    : [...program, '--only', detector.only];
}

const underWay = new Set<() => void>();

/** Stops every command and all that it started; for a runner that is interrupted. */
export function stopCommands(): void {
  for (const stop of underWay) stop();
}

/** A command that has been started. */
export interface Command {
  readonly child: ChildProcess;
  /** Stops it and all that it started. */
  stop(): void;
  /** Both outputs so far. */
  output(): Pick<CommandResult, 'stdout' | 'stderr'>;
}

/** Starts Node in a folder, with a channel for messages. */
export function start(args: readonly string[], folder: string): Command {
  // A group of its own, so that the processes of a test runner that hangs end with it.
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const group = child.pid;
  const stop = () => {
    if (underWay.delete(stop) && group !== undefined) process.kill(-group, 'SIGKILL');
  };
  underWay.add(stop);
  child.once('close', () => underWay.delete(stop));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length < OUTPUT_CHARACTERS_MAX) output[name] += text;
    });
  }
  return { child, stop, output: () => output };
}

/** Runs Node in a folder; after `limitMs` it and all that it started are stopped. */
export function run(args: readonly string[], folder: string, limitMs: number): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const { child, stop, output } = start(args, folder);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, limitMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...output(), timedOut });
    });
  });
}
