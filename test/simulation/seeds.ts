import { fork } from 'node:child_process';
import { once } from 'node:events';
import { programFile } from '../support/program-files.ts';
import { replayCommand } from './report.ts';
import type { RunReport } from './run.ts';

/**
 * Runs seeds in child processes, each taking the next one when it is free.
 * @param told hears of every run when it is over.
 * @returns reports in the order of the seeds.
 */
export async function runSeeds(
  seeds: readonly number[],
  jobs: number,
  told: (report: RunReport) => void,
): Promise<readonly RunReport[]> {
  const waiting = [...seeds.entries()];
  const reports: RunReport[] = [];
  async function work(): Promise<void> {
    const child = fork(programFile('test/simulation/worker'));
    const died = once(child, 'exit').then(() => Promise.reject(new Error('a process of the simulator died')));
    died.catch(() => {});
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, seed] = next;
      child.send(seed);
      const [report] = (await Promise.race([once(child, 'message'), died])) as [RunReport];
      reports[place] = report;
      told(report);
    }
    child.disconnect();
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work));
  return reports;
}

/** What differs between two runs of one seed, which should be the same to the last byte. */
export function checkReplays(reports: readonly RunReport[]): readonly string[] {
  const traces = new Map<number, string>();
  return reports.flatMap(({ seed, trace }) => {
    const first = traces.get(seed) ?? trace;
    traces.set(seed, first);
    return first === trace ? [] : [`REPLAY: seed ${seed} ran in two ways; ${replayCommand(seed)} --trace`];
  });
}
