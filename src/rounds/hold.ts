import { invariant } from '../foundation/index.ts';
import type { FlagEntry, HeldResponse, PartitionDigest } from '../protocol/index.ts';
import { entryName } from '../protocol/index.ts';
import type { Partition } from '../ring/identifiers.ts';
import { sortEntries } from './candidate.ts';
import type { Round, RoundEvent, Step } from './round.ts';

export interface HoldOptions {
  /** All nodes of the domain; calls name them from 0. */
  readonly nodes: number;
  /** T: the non-empty partitions. */
  readonly partitions: readonly PartitionDigest[];
  /** Flags already excluded; a row of theirs is not needed. */
  readonly excluded: readonly FlagEntry[];
}

export interface HoldCall {
  readonly node: number;
}

/** Which node stands for each partition, and what no node holds. */
export type Held =
  | {
      readonly kind: 'held';
      readonly standing: readonly {
        readonly node: number;
        readonly partitions: readonly PartitionDigest[];
      }[];
      readonly missing: readonly FlagEntry[];
      /** Partitions whose rows lie complete only over several nodes: to be united at one of them first. */
      readonly scattered: readonly Partition[];
    }
  | { readonly kind: 'waiting'; readonly reason: string };

export interface HoldState {
  /** Per node its answer, null after a failure. */
  readonly answers: Readonly<Record<number, HeldResponse | null>>;
}

type HoldStep = Step<HoldState, HoldCall, Held>;

/**
 * Lines 5 and 6 of docs/PROTOCOL.md, "Seal, settle, release", inside one domain: compares what every node of the
 * domain holds with T. A row is missing only when every node said so; a node that does not answer may hold it, so
 * the domain waits.
 */
export function holdRound(options: HoldOptions): Round<HoldState, HoldCall, HeldResponse, Held> {
  const excluded = new Set(options.excluded.map(entryName));

  function compare(state: HoldState): HoldStep {
    const answers = Array.from({ length: options.nodes }, (_, node) =>
      missingByPartition(state.answers[node] ?? null),
    );
    const standing = new Map<number, PartitionDigest[]>();
    const missing: FlagEntry[] = [];
    const scattered: Partition[] = [];
    for (const digest of options.partitions) {
      const sets = answers.map((answer) => answer?.get(digest.partition) ?? null);
      const node = sets.findIndex((set) => set?.every((entry) => excluded.has(entryName(entry))));
      if (node >= 0) {
        standing.set(node, [...(standing.get(node) ?? []), digest]);
        continue;
      }
      if (sets.some((set) => set === null)) return waiting(state);
      const lacking = sets.filter((set) => set !== null);
      const nowhere = intersection(lacking);
      if (lacking.every((set) => set.length > nowhere.length)) scattered.push(digest.partition);
      // One by one: a partition may lack more entries than a call takes arguments.
      for (const entry of nowhere) if (!excluded.has(entryName(entry))) missing.push(entry);
    }
    const nodes = [...standing].map(([node, partitions]) => ({ node, partitions }));
    return finish(state, { kind: 'held', standing: nodes, missing: sortEntries(missing), scattered });
  }

  function waiting(state: HoldState): HoldStep {
    const silent = Object.values(state.answers).filter((answer) => answer === null).length;
    return finish(state, {
      kind: 'waiting',
      reason: `${silent} of ${options.nodes} nodes of the domain do not answer`,
    });
  }

  return {
    start: () => ({
      state: { answers: {} },
      effects: Array.from({ length: options.nodes }, (_, node) => ({
        kind: 'call',
        id: String(node),
        call: { node },
      })),
    }),
    step(state: HoldState, event: RoundEvent<HeldResponse>): HoldStep {
      invariant(event.kind !== 'wake', 'this round waits for nothing');
      const answers = { ...state.answers, [Number(event.id)]: event.kind === 'reply' ? event.reply : null };
      if (Object.keys(answers).length < options.nodes) return { state: { answers }, effects: [] };
      return compare({ answers });
    },
  };
}

function missingByPartition(answer: HeldResponse | null): Map<Partition, readonly FlagEntry[]> | null {
  if (answer === null) return null;
  return new Map(answer.partitions.map(({ partition, missing }) => [partition, missing]));
}

function intersection(sets: readonly (readonly FlagEntry[])[]): readonly FlagEntry[] {
  const [first = [], ...rest] = sets;
  const names = rest.map((set) => new Set(set.map(entryName)));
  return first.filter((entry) => names.every((set) => set.has(entryName(entry))));
}

function finish(state: HoldState, out: Held): HoldStep {
  return { state, effects: [{ kind: 'finish', out }] };
}
