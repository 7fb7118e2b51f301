import type { StoreOperation } from '../../src/ports/index.ts';
import type { BarrierChecker } from './checkers/barrier.ts';
import type { CommitChecker } from './checkers/commits.ts';
import type { DecisionChecker } from './checkers/decisions.ts';
import type { ErasureChecker } from './checkers/erasure.ts';
import type { ExclusionChecker } from './checkers/exclusions.ts';
import type { FlagVoteChecker } from './checkers/flag-votes.ts';
import type { OutputChecker } from './checkers/outputs.ts';
import type { QuorumChecker } from './checkers/quorums.ts';
import type { StandingChecks } from './checkers/standing.ts';
import type { GateWatch } from './gate-watch.ts';
import type { Kernel } from './kernel/index.ts';
import type { Losses } from './losses.ts';
import type { SimulatedNode } from './node-process.ts';
import { type PlannedStreams, placedWindows } from './planned.ts';

export interface DiskWatchOptions {
  readonly kernel: Kernel;
  readonly planned: PlannedStreams;
  readonly losses: Losses;
  readonly standing: StandingChecks;
  readonly outputs: OutputChecker;
  readonly erasure: ErasureChecker;
  readonly flagVotes: FlagVoteChecker;
  readonly quorums: QuorumChecker;
  readonly decisions: DecisionChecker;
  readonly exclusions: ExclusionChecker;
  readonly commits: CommitChecker;
  readonly roster: Pick<GateWatch, 'stored'>;
  readonly barrier: BarrierChecker;
}

/** Who hears what of the disks of all nodes: every row that is written or deleted, once it is durable. */
export function createDiskWatch(options: DiskWatchOptions) {
  const { kernel, planned, losses, standing, outputs, erasure, flagVotes, quorums } = options;
  const { decisions, exclusions, commits, roster, barrier } = options;

  /** From then on a share that is lost can no longer be left out. */
  function noteSettling(node: SimulatedNode, key: Uint8Array, value: Uint8Array): void {
    const vote = node.rows.vote(key, value);
    if (vote?.decision !== 'settlement' || vote.accepted === null) return;
    for (const window of placedWindows(planned, vote.scope)) losses.settling(window, kernel.now());
  }

  return (node: SimulatedNode, operation: StoreOperation): void => {
    const { table, key } = operation;
    standing.changed(node.node, table, key);
    if (operation.kind === 'delete') return;
    outputs.stored(node, table, key);
    erasure.stored(node, table, key, kernel.now());
    if (table === 'flags') flagVotes.stored(node, key);
    if (table === 'windows') {
      quorums.stored(node, key, operation.value);
      decisions.stored(node, key, kernel.now());
      exclusions.stored(node, key);
      noteSettling(node, key, operation.value);
    }
    if (table !== 'meta') return;
    commits.stored(node, key);
    roster.stored(node, key, kernel.now());
    const taken = node.rows.ringRow(key);
    if (taken !== undefined) barrier.stored(node.node, taken, kernel.now());
  };
}
