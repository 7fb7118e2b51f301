import type { WindowResult } from '../../operator-cli/operator/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/call-operation.ts';
import type { ProcessCluster } from './cluster.ts';
import { type ReadingRecord, timesAdded } from './readings.ts';
import type { FinishedWindow } from './traffic.ts';

const NODE_MS_MAX = 30_000;
/** Time in which an outcome must be known once its window has a result and every node is up, ms. */
const OUTCOME_MS_MAX = 60_000;
const OUTCOME_PAUSE_MS = 250;

export interface AuditOptions {
  readonly cluster: ProcessCluster;
  readonly outcome: (flagKey: string) => Promise<string | null>;
  readonly violation: (text: string) => void;
}

export interface AuditCounts {
  results: number;
  /** Windows without a committed reading, which the gate withholds. */
  withheld: number;
  /** Rows that a node gave again, equal to the first of its domain. */
  sameRows: number;
  lost: number;
  doubled: number;
  wrong: number;
}

/** Computes windows and holds every answer against what the sensors were told. */
export interface Audit {
  readonly counts: AuditCounts;
  /**
   * COMPUTE until there is an answer or the wait is over.
   * @returns null when the window is audited, else why there is no answer yet
   */
  audit(finished: FinishedWindow, waitMs: number): Promise<string | null>;
  /** COMPUTE through every node by itself: rows of one domain are the same bytes. Silent nodes are passed over. */
  repeat(window: WindowId): Promise<void>;
  /** Asks once more for outcomes that nobody knew while nodes were away; with all of them up somebody must. */
  askUndecided(): Promise<void>;
}

/** An outcome that the result of its window has decided. */
interface DecidedReading {
  readonly window: WindowId;
  readonly record: ReadingRecord;
  readonly added: boolean;
}

export function createAudit({ cluster, outcome, violation }: AuditOptions): Audit {
  const { operator, stream, processes, transport, tokenFor } = cluster;
  const clock = systemClock();
  const counts: AuditCounts = { results: 0, withheld: 0, sameRows: 0, lost: 0, doubled: 0, wrong: 0 };
  const firstRows = new Map<string, string>();
  const undecided: DecidedReading[] = [];

  function wrong(window: WindowId, text: string): void {
    counts.wrong += 1;
    violation(`window ${window}: ${text}`);
  }

  async function check(window: WindowId, records: readonly ReadingRecord[], result: WindowResult) {
    const sums = result.fields.map(({ statistics }) => statistics.sum);
    if (sums.some(({ denominator }) => denominator !== 1n)) wrong(window, 'a sum is not whole');
    const times = timesAdded(sums.map(({ numerator }) => numerator));
    if (times === null) return wrong(window, 'a sum has a digit of no reading');
    if (result.excluded > 0) wrong(window, `excludes ${result.excluded} readings although no disk was lost`);
    const added = times.reduce((total, one) => total + one, 0);
    if (added !== result.readings) wrong(window, `counts ${result.readings} readings and adds ${added}`);
    const fates = new Map(records.map((record) => [record.index, record]));
    for (const [index, count] of times.entries()) {
      const record = fates.get(index);
      if (count > 1) {
        counts.doubled += 1;
        violation(`window ${window}: reading ${index} is added ${count} times`);
      }
      if (count === 0 && record?.fate === 'committed') {
        counts.lost += 1;
        violation(
          `window ${window}: reading ${index} was committed and is not added, flag ${record.flagKey}`,
        );
      }
      if (count > 0 && (record === undefined || record.fate === 'errored' || record.fate === 'refused')) {
        wrong(window, `reading ${index} was ${record?.code ?? 'never sent'} and is added`);
      }
      if (record?.fate !== 'unknown') continue;
      const reading = { window, record, added: count > 0 };
      if (!(await checkOutcome(reading))) undecided.push(reading);
    }
  }

  /**
   * A sensor that asks later is told what the result says.
   * @returns false where it is told nothing yet
   */
  async function checkOutcome({ window, record, added }: DecidedReading): Promise<boolean> {
    const { flagKey, index } = record;
    if (flagKey === null) return true;
    const later = await outcome(flagKey);
    if (later === null || later === 'UNDECIDED') return false;
    if (later !== (added ? 'TRUE' : 'ERROR')) {
      wrong(window, `reading ${index} is ${added ? 'added' : 'not added'} and its flag is ${later}`);
    }
    return true;
  }

  return {
    counts,
    async audit({ window, records }, waitMs) {
      try {
        const answer = await operator.compute(stream, window, { waitMs });
        if (answer.kind === 'incomplete') return answer.reason;
        if (answer.kind === 'withheld') {
          counts.withheld += 1;
          if (records.some(({ fate }) => fate === 'committed')) wrong(window, `withheld: ${answer.reason}`);
          return null;
        }
        counts.results += 1;
        await check(window, records, answer);
        return null;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (!error.retry) wrong(window, `COMPUTE fails with ${error.code}: ${error.message}`);
        return `${error.code}: ${error.message}`;
      }
    },
    async askUndecided() {
      for (const reading of undecided.splice(0)) {
        const deadline = clock.now() + OUTCOME_MS_MAX;
        while (!(await checkOutcome(reading))) {
          if (clock.now() > deadline) {
            wrong(reading.window, `nobody knows the outcome of reading ${reading.record.index}`);
            break;
          }
          await clock.sleep(OUTCOME_PAUSE_MS);
        }
      }
    },
    async repeat(window) {
      const question = { stream: stream.hash, window, group: 0 };
      for (const { id, domain } of processes.nodes) {
        try {
          const token = await tokenFor(domain);
          const timeout = { timeoutMs: NODE_MS_MAX };
          const answer = await callOperation(transport, id, operations.COMPUTE, question, timeout, token);
          if (answer.status !== 'ROW') continue;
          const name = `${window}/${domain}`;
          const first = firstRows.get(name) ?? answer.row;
          firstRows.set(name, first);
          if (first === answer.row) counts.sameRows += 1;
          else wrong(window, `node ${id} gives another row of domain ${domain} than before`);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
        }
      }
    },
  };
}
