import { systemClock } from '../../src/platform/index.ts';
import { createRandom } from '../simulation/kernel/random.ts';
import { type Audit, createAudit } from './audit.ts';
import { startProcessCluster } from './cluster.ts';
import { type Fault, type FaultMode, killsOf, planFaults } from './faults.ts';
import type { KillReport, Stall } from './kill-report.ts';
import { countCodes, faultGaps, perKind, quantiles, slowestCommits } from './kill-report.ts';
import type { NodeProcesses } from './node-processes.ts';
import { selfNamingStream } from './readings.ts';
import { type FinishedWindow, startTraffic, type Traffic } from './traffic.ts';

export interface KillOptions {
  readonly nodesPerDomain: number;
  readonly kills: number;
  readonly seed: number;
  readonly mode: FaultMode;
  readonly perSecond: number;
  readonly onProgress?: (text: string) => void;
}

const DOMAINS = 3;
/** A committed reading may be forgotten by its sensor, never by time: flags time out during a run. */
const FLAG_TIMEOUT_MS = 10_000;
/** Traffic before the first fault and after the last one, ms: the figures need something to compare with. */
const QUIET_MS = 2_000;
const STALL_POLL_MS = 50;
/** One attempt at a result while nodes come and go, ms. */
const AUDIT_WAIT_MS = 15_000;
const AUDITS_AT_ONCE = 2;
/** Windows that wait for a result at which the faults wait too, so that faults and results keep meeting. */
const WAITING_MAX = 4;
/** Longest such wait, ms; the next fault comes all the same. */
const DRAIN_MS_MAX = 20_000;
/** One attempt at a result after every node is back, ms; what has none then hangs. */
const HEALED_WAIT_MS = 60_000;

/** One fault as it happened. */
export interface FaultRecord {
  readonly kind: Fault['kind'];
  readonly nodes: readonly string[];
  readonly at: number;
  /** From the fault to the last start of a process, or to its going on, ms. */
  readonly downMs: number;
  /** From the restart until every node that was hit called itself ready, ms. */
  readonly backMs: number;
}

/** Kills and pauses real nodes under load until `kills` processes died, then holds every result to the truth. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { nodesPerDomain, kills, seed, mode, perSecond, onProgress = () => {} } = options;
  const clock = systemClock();
  const random = createRandom(`kill/${seed}`);
  const violations: string[] = [];
  const violation = (text: string) => {
    violations.push(text);
    onProgress(`violation: ${text}`);
  };
  const startedAt = clock.now();
  const cluster = await startProcessCluster({
    domains: DOMAINS,
    nodesPerDomain,
    replicas: 2,
    acceptors: 3,
    streamOf: (ring) =>
      selfNamingStream(ring, Buffer.from(random.fork('nonce').bytes(16)).toString('hex'), FLAG_TIMEOUT_MS),
    violation,
  });
  const waiting: FinishedWindow[] = [];
  const done: FinishedWindow[] = [];
  let traffic: Traffic | undefined;
  try {
    const running = await startTraffic({
      cluster,
      random: random.fork('traffic'),
      perSecond,
      onWindow: (finished) => waiting.push(finished),
      backlog: () => waiting.length,
      violation,
    });
    traffic = running;
    const audit = createAudit({ cluster, outcome: running.outcome, violation });
    const over = new AbortController();
    const stalls: Stall[] = [];
    const watching = watchStalls(stalls, over.signal);
    const audits = auditAll(audit, waiting, done, over.signal);
    await clock.sleep(QUIET_MS);
    const faults: FaultRecord[] = [];
    let killed = 0;
    for (const { waitMs, fault } of planFaults(random.fork('faults'), cluster.processes.nodes, mode, kills)) {
      await clock.sleep(waitMs);
      const record = await inflict(cluster.processes, fault);
      faults.push(record);
      killed += killsOf(fault);
      onProgress(
        `${killed} of ${kills} kills, ${running.commits.length} commits, ${audit.counts.results} results, ${waiting.length} windows wait; ${fault.kind} ${fault.nodes.join(' ')} ${record.backMs} ms`,
      );
      if (violations.length > 0) break;
      const drainUntil = clock.now() + DRAIN_MS_MAX;
      while (waiting.length > WAITING_MAX && clock.now() < drainUntil) await clock.sleep(100);
    }
    await clock.sleep(QUIET_MS);
    await running.stop();
    over.abort();
    await Promise.all([audits, watching]);
    await auditHealed(audit, waiting, done, violation);
    const sensors = running.ended;
    const gaps = faultGaps(running.commits, faults, stalls);
    const count = (fate: string) => sensors.filter((record) => record.fate === fate).length;
    return {
      nodes: `${DOMAINS}x${nodesPerDomain}`,
      mode,
      seed,
      seconds: Math.round((clock.now() - startedAt) / 1_000),
      kills: killed,
      pauses: faults.filter(({ kind }) => kind === 'pause').length,
      windows: done.length,
      ...audit.counts,
      uploaded: sensors.length,
      committed: count('committed'),
      errored: count('errored'),
      refused: count('refused'),
      unknown: count('unknown'),
      notCommitted: countCodes(sensors),
      commitGapMs: perKind(gaps, ({ gapMs }) => gapMs),
      faults: gaps,
      stallMs: perKind(gaps, ({ stallMs }) => stallMs),
      slowestCommitMs: slowestCommits(sensors, faults),
      backMs: quantiles(faults.filter(({ kind }) => kind === 'kill').map(({ backMs }) => backMs)),
      violations,
    };
  } finally {
    await traffic?.close();
    await cluster.close();
  }
}

/** Notes when a timer of this process is late: a machine with too much to do makes everything late. */
async function watchStalls(stalls: Stall[], signal: AbortSignal): Promise<void> {
  const clock = systemClock();
  while (!signal.aborted) {
    const at = clock.now();
    await clock.sleep(STALL_POLL_MS, signal).catch(() => {});
    const lateMs = clock.now() - at - STALL_POLL_MS;
    if (lateMs > STALL_POLL_MS) stalls.push({ at, lateMs });
  }
}

async function inflict(processes: NodeProcesses, fault: Fault): Promise<FaultRecord> {
  const clock = systemClock();
  const at = clock.now();
  const each = (act: (node: string) => Promise<void> | void) => Promise.all(fault.nodes.map(act));
  if (fault.kind === 'pause') {
    await each(processes.pause);
    await clock.sleep(fault.downMs);
    await each(processes.resume);
  } else {
    await each(processes.kill);
    await clock.sleep(fault.downMs);
    await each(processes.start);
    const [first] = fault.nodes;
    if (fault.againAfterMs !== null && first !== undefined) {
      await clock.sleep(fault.againAfterMs);
      await processes.kill(first);
      processes.start(first);
    }
  }
  const restartedAt = clock.now();
  await each(processes.ready);
  const { kind, nodes } = fault;
  return { kind, nodes, at, downMs: restartedAt - at, backMs: clock.now() - restartedAt };
}

/** Computes windows as they finish; one that has no answer yet goes to the end of the queue. */
async function auditAll(
  audit: Audit,
  waiting: FinishedWindow[],
  done: FinishedWindow[],
  signal: AbortSignal,
): Promise<void> {
  const clock = systemClock();
  const worker = async () => {
    while (!signal.aborted) {
      const finished = waiting.shift();
      if (finished === undefined) {
        await clock.sleep(100, signal).catch(() => {});
        continue;
      }
      if ((await audit.audit(finished, AUDIT_WAIT_MS)) === null) {
        done.push(finished);
        await audit.repeat(finished.window);
      } else waiting.push(finished);
    }
  };
  await Promise.all(Array.from({ length: AUDITS_AT_ONCE }, worker));
}

/** With every node back each window has a result, and each node of a domain the same row. */
async function auditHealed(
  audit: Audit,
  waiting: FinishedWindow[],
  done: FinishedWindow[],
  violation: (text: string) => void,
): Promise<void> {
  for (const finished of waiting.splice(0)) {
    const reason = await audit.audit(finished, HEALED_WAIT_MS);
    if (reason === null) done.push(finished);
    else violation(`window ${finished.window} has no result with all nodes up: ${reason}`);
  }
  for (const { window } of done) await audit.repeat(window);
  await audit.askUndecided();
}
