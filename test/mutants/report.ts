import type { MutantReport } from './campaign.ts';
import type { Detector } from './mutant.ts';

export interface Score {
  readonly mutants: number;
  readonly killed: number;
  readonly percent: number;
}

export function scoreOf(reports: readonly MutantReport[]): Score {
  const killed = reports.filter(({ kind }) => kind === 'killed').length;
  const mutants = reports.length;
  return { mutants, killed, percent: mutants === 0 ? 0 : Math.floor((100 * killed) / mutants) };
}

/** One line for a mutant that was killed; more for one that was not. */
export function reportText({ name, breaks, kind, why, detector, seconds }: MutantReport): string {
  const line = `${kind === 'killed' ? 'ok  ' : 'FAIL'} ${name.padEnd(40)} ${kind} by ${detectorName(detector)} (${seconds} s)`;
  if (kind === 'killed') return line;
  return `${line}\n       ${breaks}\n       ${why}`;
}

export function scoreText({ mutants, killed, percent }: Score, seconds: number): string {
  return `${killed} of ${mutants} mutants killed, ${percent} %, in ${seconds.toFixed(0)} s`;
}

function detectorName(detector: Detector): string {
  switch (detector.kind) {
    case 'test':
      return detector.file;
    case 'simulation':
      return 'the simulator';
    case 'model':
      return `model check ${detector.only}`;
  }
}
