import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { NodeAudit } from '../../src/protocol/index.ts';
import type { ToldCount } from '../../src/protocol/told-counts.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { Rings } from '../engine/rings.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { CopyCheck, CopyVerdict } from './copy-check.ts';
import { AUDIT_SLACK_MS } from './copy-check.ts';
import type { FlagCensus } from './flag-census.ts';
import type { FlagCounts } from './flag-survey.ts';
import { surveyFlags } from './flag-survey.ts';
import type { RowInventory, TakenInventory } from './inventory.ts';
import type { Repair } from './repair.ts';
import type { Spread } from './spread.ts';
import { countStrayRows } from './stray-rows.ts';
import type { Tell } from './tell.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';
import { windowState } from './windows.ts';

export interface AuditComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly clock: Clock;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly health: StoreHealth;
  readonly census: FlagCensus;
  readonly copies: CopyCheck;
  readonly inventory: RowInventory;
  readonly repair: Repair;
  readonly spread: Spread;
  readonly tell: Tell;
  readonly windows: Windows;
}

/** What there is of one window. */
interface Found {
  readonly record: OpenWindowRecord;
  readonly rows: TakenInventory['verdicts'];
  readonly flags: FlagCounts;
  readonly copies: Omit<CopyVerdict, 'silent'>;
}

interface Looked {
  readonly found: Found;
  /** Nodes that did not answer. */
  readonly silent: CopyVerdict['silent'];
}

/**
 * AUDIT: reads every row of this node once and answers numbers only, because its answer goes to the operator,
 * who may see neither a row nor anything computed from a share.
 */
export interface Audit {
  /** @throws EngineError `OVERLOADED` while another audit runs here */
  run(signal: AbortSignal): Promise<NodeAudit>;
}

export function createAudit(components: AuditComponents): Audit {
  const { clock, rings, self, health, copies, inventory, repair, spread, tell, windows } = components;
  let running = false;

  async function lookAt(record: OpenWindowRecord, signal: AbortSignal): Promise<Looked> {
    const { verdicts, holdings } = await inventory.take(record, signal);
    const flags = await surveyFlags(components, record, signal);
    const { silent, ...compared } = await copies.run(record, holdings, signal);
    return { found: { record, rows: verdicts, flags, copies: compared }, silent };
  }

  async function audit(signal: AbortSignal): Promise<NodeAudit> {
    const found: Found[] = [];
    const silent = new Set<NodeId>();
    for (const record of windows.all()) {
      const one = await lookAt(record, signal).catch((error: unknown) => {
        // Its time came in the middle of it.
        if (!hasCode(error, 'WINDOW_ERASED')) throw error;
        return null;
      });
      if (one === null) continue;
      found.push(one.found);
      for (const node of one.silent) silent.add(node);
    }
    const { thin, hinted } = spread.counts();
    const told = (count: (one: Found) => number): ToldCount =>
      tell(found.map((one) => [one.record, count(one)]));
    const wrong = (count: (one: Found) => number): number => found.reduce((sum, one) => sum + count(one), 0);
    return {
      node: self.nodeId,
      domain: self.domain,
      epoch: rings.newest().epoch,
      rows: {
        good: told(({ rows }) => rows.good),
        corrupt: wrong(({ rows }) => rows.corrupt),
        misplaced: wrong(({ rows }) => rows.misplaced),
        conflict: wrong(({ rows }) => rows.conflict),
        stray: await countStrayRows(components, 'values', signal),
      },
      flags: {
        true: told(({ flags }) => flags.true),
        error: told(({ flags }) => flags.error),
        elsewhere: told(({ flags }) => flags.elsewhere),
        undecided: told(({ flags }) => flags.undecided),
        overdue: told(({ flags }) => flags.overdue),
        corrupt: wrong(({ flags }) => flags.corrupt),
        stray: await countStrayRows(components, 'flags', signal),
      },
      windows: countWindows(),
      copies: {
        partitions: told(({ copies }) => copies.partitions),
        short: wrong(({ copies }) => copies.short),
        foreign: wrong(({ copies }) => copies.foreign),
        silent: silent.size,
      },
      thinPartitions: tell(thin),
      hintedPartitions: tell(hinted),
      repairsWaiting: repair.waiting(),
      doubt: health.doubt(),
    };
  }

  function countWindows(): NodeAudit['windows'] {
    const counts = { OPEN: 0, SEALED: 0, SETTLED: 0, RELEASED: 0, WITHHELD: 0, overdue: 0 };
    for (const record of windows.all()) {
      counts[windowState(record)] += 1;
      if (isOverdue(record)) counts.overdue += 1;
    }
    return counts;
  }

  /** Whether this node should have settled the window; only the acceptors of its register do that unasked. */
  function isOverdue({ scope, stream, settlement, terms }: OpenWindowRecord): boolean {
    if (settlement !== null || clock.now() < terms.value.latest + AUDIT_SLACK_MS) return false;
    const domains = stream.domains.map(({ id }) => id);
    return rings
      .of(scope)
      .placement.registerAcceptors(domains, scope.stream, scope.window, scope.group)
      .includes(self.nodeId);
  }

  return {
    async run(signal) {
      if (running) throw new EngineError('OVERLOADED', 'expected one audit at a time; another one runs here');
      running = true;
      try {
        return await audit(signal);
      } finally {
        running = false;
      }
    },
  };
}
