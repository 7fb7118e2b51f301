import type { AuditCounts } from './audit.ts';
import type { FaultRecord } from './kill-run.ts';
import type { ReadingRecord } from './readings.ts';

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface KillReport extends AuditCounts {
  readonly nodes: string;
  readonly mode: string;
  readonly seed: number;
  readonly seconds: number;
  readonly kills: number;
  readonly pauses: number;
  readonly windows: number;
  readonly uploaded: number;
  readonly committed: number;
  readonly errored: number;
  readonly refused: number;
  readonly unknown: number;
  /** Readings that were not committed, by what the SDK said. */
  readonly notCommitted: Readonly<Record<string, number>>;
  /** Longest time without any commit around each fault. */
  readonly commitGapMs: Readonly<Record<FaultRecord['kind'], Quantiles>>;
  /** The same, fault by fault: many runs are added up from these. */
  readonly faults: readonly FaultGap[];
  /** The longest of these times around each fault. */
  readonly stallMs: Readonly<Record<FaultRecord['kind'], Quantiles>>;
  /** Slowest commit that was under way at each fault or began soon after. */
  readonly slowestCommitMs: Readonly<Record<FaultRecord['kind'], Quantiles>>;
  /** From a restart to readiness. */
  readonly backMs: Quantiles;
  readonly violations: readonly string[];
}

/** How many readings have which code. */
export function countCodes(records: readonly ReadingRecord[]): Record<string, number> {
  const codes = new Map<string, number>();
  for (const { code } of records) if (code !== null) codes.set(code, (codes.get(code) ?? 0) + 1);
  return Object.fromEntries(codes);
}

/** Gaps above this are told one by one, ms: what docs/RELIABILITY.md aims at. */
const GAP_AIM_MS = 1_000;

/** What happens so long after a fault is put down to it, ms. */
const AFTERMATH_MS = 3_000;

export function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

/** Longest time without any commit around one fault, and how long after the fault it began, ms. */
export interface FaultGap {
  readonly kind: FaultRecord['kind'];
  readonly nodes: readonly string[];
  readonly gapMs: number;
  /** Negative where the last commit was before the fault. */
  readonly gapFromMs: number;
  /** From the time at which the nodes of the fault before were ready again to this one; null for the first fault. */
  readonly quietMs: number | null;
  /** From the fault to the start of the nodes' processes, or to their going on. */
  readonly downMs: number;
  readonly backMs: number;
  /** Longest time around the fault in which the run itself did not get the processor: no node can be blamed for it. */
  readonly stallMs: number;
}

/** A time in which a timer of the run was late. */
export interface Stall {
  readonly at: number;
  readonly lateMs: number;
}

/** The longest pause between two commits that overlaps each fault's aftermath. */
export function faultGaps(
  commits: readonly number[],
  faults: readonly FaultRecord[],
  stalls: readonly Stall[],
): readonly FaultGap[] {
  return faults.map(({ kind, nodes, at, downMs, backMs }, place) => {
    const last = faults[place - 1];
    const quietMs = last === undefined ? null : at - (last.at + last.downMs + last.backMs);
    let [gapMs, gapFromMs] = [0, 0];
    for (let i = 1; i < commits.length; i++) {
      const [before = 0, after = 0] = [commits[i - 1], commits[i]];
      if (after < at || before > at + AFTERMATH_MS || after - before <= gapMs) continue;
      [gapMs, gapFromMs] = [after - before, before - at];
    }
    const near = stalls.filter((stall) => stall.at + stall.lateMs >= at && stall.at <= at + AFTERMATH_MS);
    const stallMs = Math.max(0, ...near.map(({ lateMs }) => lateMs));
    return { kind, nodes, gapMs, gapFromMs, quietMs, downMs, backMs, stallMs };
  });
}

export function slowestCommits(
  records: readonly ReadingRecord[],
  faults: readonly FaultRecord[],
): KillReport['slowestCommitMs'] {
  return perKind(faults, ({ at }) =>
    records
      .filter(
        ({ fate, startedAt, endedAt }) =>
          fate === 'committed' && endedAt >= at && startedAt <= at + AFTERMATH_MS,
      )
      .reduce((slowest, { startedAt, endedAt }) => Math.max(slowest, endedAt - startedAt), 0),
  );
}

export function perKind<T extends { readonly kind: FaultRecord['kind'] }>(
  faults: readonly T[],
  measure: (fault: T) => number,
): Readonly<Record<FaultRecord['kind'], Quantiles>> {
  const of = (kind: FaultRecord['kind']) =>
    quantiles(faults.filter((fault) => fault.kind === kind).map(measure));
  return { kill: of('kill'), pause: of('pause') };
}

/** The command that runs the same faults again; which request meets which fault is up to the computer. */
export function replayCommand({
  nodes,
  mode,
  kills,
  seed,
}: Pick<KillReport, 'nodes' | 'mode' | 'kills' | 'seed'>) {
  return `npm run kill -- --nodes ${nodes} --kills ${kills} --seed ${seed} --mode ${mode}`;
}

export function reportText(report: KillReport): string {
  const { commitGapMs: gap, slowestCommitMs: slowest, stallMs: stall, backMs } = report;
  const codes = Object.entries(report.notCommitted).map(([code, times]) => `${times} ${code}`);
  const pair = ({ p50, p99, max }: Quantiles) => `${p50} ms (median), ${p99} ms (99 %), ${max} ms (longest)`;
  return [
    `${report.nodes} nodes, mode ${report.mode}, seed ${report.seed}, ${report.seconds} s`,
    `${report.kills} kills and ${report.pauses} pauses survived`,
    `${report.committed} of ${report.uploaded} readings committed; ${report.errored} errored, ${report.refused} refused, ${report.unknown} not known in time${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`,
    `${report.results} of ${report.windows} windows have a result, ${report.withheld} had no reading; ${report.sameRows} repeated rows were the same`,
    `lost ${report.lost}, doubled ${report.doubled}, wrong ${report.wrong}`,
    `time without a commit around a kill: ${pair(gap.kill)}; around a pause: ${pair(gap.pause)}`,
    ...report.faults.filter(({ gapMs }) => gapMs > GAP_AIM_MS).map(gapText),
    `slowest commit around a kill: ${pair(slowest.kill)}; around a pause: ${pair(slowest.pause)}`,
    `the run itself waited for the processor around a kill: ${pair(stall.kill)}; around a pause: ${pair(stall.pause)}`,
    `ready again after a kill: ${pair(backMs)}`,
  ].join('\n');
}

function gapText({ kind, nodes, gapMs, gapFromMs, quietMs, downMs, backMs, stallMs }: FaultGap): string {
  const before = quietMs === null ? 'the first fault' : `${quietMs} ms after the fault before was over`;
  const times = `down for ${downMs} ms, ready ${backMs} ms later, the run waited ${stallMs} ms`;
  return `  ${gapMs} ms from ${gapFromMs} ms after a ${kind} of ${nodes.join(', ')}, ${before} (${times})`;
}
