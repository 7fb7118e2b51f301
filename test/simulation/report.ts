import { createHash } from 'node:crypto';
import type { RunReport } from './run.ts';

/** What several runs add up to. */
export interface Summary {
  readonly seeds: number;
  readonly simulatedHours: number;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Readings by what their sensors were told. */
  readonly readings: Readonly<Record<string, number>>;
  /** Windows that ended INCOMPLETE because a disk lost what no other had. */
  readonly incomplete: number;
  /** Windows of which nothing was told, by what kept it. */
  readonly untold: Readonly<Record<string, number>>;
  /** Windows by what was told of them. */
  readonly windows: Readonly<Record<string, number>>;
  /** Committed readings that released windows leave out. */
  readonly excluded: number;
  readonly violations: number;
  /** Hash over everything that happened in all runs. */
  readonly trace: string;
}

const MS_PER_HOUR = 3_600_000;

/** @param others violations that belong to no single run. */
export function summaryOf(reports: readonly RunReport[], others = 0): Summary {
  const hash = createHash('sha256');
  const faults: Record<string, number> = {};
  const readings: Record<string, number> = {};
  const windows: Record<string, number> = {};
  const untold: Record<string, number> = {};
  let simulatedMs = 0;
  let events = 0;
  let incomplete = 0;
  let excluded = 0;
  let violations = others;
  for (const report of reports) {
    hash.update(`${report.seed} ${report.trace}\n`);
    simulatedMs += report.simulatedMs;
    events += report.events;
    incomplete += report.incomplete;
    excluded += report.excluded;
    violations += report.violations.length;
    for (const [kind, count] of Object.entries(report.faults)) faults[kind] = (faults[kind] ?? 0) + count;
    for (const [told, count] of Object.entries(report.windows)) windows[told] = (windows[told] ?? 0) + count;
    for (const [why, count] of Object.entries(report.untold)) untold[why] = (untold[why] ?? 0) + count;
    for (const { fate } of report.readings) readings[fate] = (readings[fate] ?? 0) + 1;
  }
  const simulatedHours = Math.round((simulatedMs / MS_PER_HOUR) * 100) / 100;
  return {
    seeds: reports.length,
    simulatedHours,
    events,
    faults,
    readings,
    incomplete,
    untold,
    windows,
    excluded,
    violations,
    trace: hash.digest('hex'),
  };
}

export function summaryText(summary: Summary): string {
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ') || 'none';
  return [
    `seeds            ${summary.seeds}`,
    `events           ${summary.events}`,
    `simulated hours  ${summary.simulatedHours}`,
    `faults           ${listed(summary.faults)}`,
    `readings         ${listed(summary.readings)}`,
    `incomplete       ${summary.incomplete}`,
    `windows          ${listed(summary.windows)}`,
    `untold           ${listed(summary.untold)}`,
    `excluded         ${summary.excluded}`,
    `violations       ${summary.violations}`,
    `trace            ${summary.trace}`,
  ].join('\n');
}

/** The command that runs one seed again. */
export function replayCommand(seed: number): string {
  return `npm run simulate -- --seeds 1 --seed ${seed}`;
}
