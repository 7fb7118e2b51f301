import { invariant } from '../foundation/index.ts';
import type { FlagEntry, HeldResponse, PartitionDigest } from '../protocol/index.ts';
import { entryName } from '../protocol/index.ts';
import type { Partition } from '../ring/identifiers.ts';
import { sortEntries } from './candidate.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface HoldOptions {
  /** All nodes of the domain; calls name them from 0. */
  readonly nodes: number;
  /** T: the non-empty partitions. */
  readonly partitions: readonly PartitionDigest[];
  /** Flags already excluded; a row of theirs is not needed. */
  readonly excluded: readonly FlagEntry[];
  /** The node that is asked about a partition first, because it is likely to hold all of it. */
  readonly firstOf: (partition: Partition) => number;
}

export interface HoldCall {
  readonly node: number;
  readonly partitions: readonly PartitionDigest[];
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
  /** The nodes that were asked first and hold all that they were asked about. */
  readonly whole: readonly number[];
  /** Of the others, per partition the node that was asked first, where it holds all of it. */
  readonly standing: Standing;
  /** The partitions about which every node is asked; null while the first ones are. */
  readonly left: readonly PartitionDigest[] | null;
  /** Whether every node has said before that it lacks a row which no other one has. */
  readonly again: boolean;
  /** Nodes that are asked and have not answered, and those that failed. */
  readonly asked: readonly number[];
  readonly failed: readonly number[];
  /** What every node says about the partitions that are left. */
  readonly answers: Readonly<Record<number, HeldResponse>>;
}

type Standing = Readonly<Record<Partition, number>>;
type HoldStep = Step<HoldState, HoldCall, Held>;

/**
 * Lines 5 and 6 of docs/PROTOCOL.md, "Seal, settle, release", inside one domain: compares what its nodes hold with T.
 * One node that holds all of a partition is enough, so one is asked about it first, and all of them about what is left
 * then. A row is missing only when every node said so; a node that does not answer may hold it, so the domain waits. Every
 * node has to say so twice: a hint that was brought to its owners behind their answers is gone from where it was by the time of
 * that node's, and only who is asked after all had answered shows it.
 */
export function holdRound(options: HoldOptions): Round<HoldState, HoldCall, HeldResponse, Held> {
  const excluded = new Set(options.excluded.map(entryName));
  const isWhole = (missing: readonly FlagEntry[] | undefined): boolean =>
    missing?.every((entry) => excluded.has(entryName(entry))) ?? false;

  const firsts = new Map<number, PartitionDigest[]>();
  for (const named of options.partitions) push(firsts, options.firstOf(named.partition), named);

  function start(): HoldStep {
    const state: HoldState = {
      whole: [],
      standing: {},
      left: null,
      again: false,
      asked: [...firsts.keys()],
      failed: [],
      answers: {},
    };
    if (firsts.size === 0) return compare(state, []);
    return { state, effects: [...firsts].map(([node, partitions]) => callOf('first', node, partitions)) };
  }

  function takeFirst(state: HoldState, node: number, answer: HeldResponse | null): HoldStep {
    const next = takeStanding(answered(state, node, answer), node, firsts.get(node) ?? [], answer);
    if (next.asked.length > 0) return { state: next, effects: [] };
    if (next.whole.length < firsts.size) return askAll(next);
    const standing = [...firsts].map(([first, partitions]) => ({ node: first, partitions }));
    return finish(next, { kind: 'held', standing, missing: [], scattered: [] });
  }

  function takeStanding(
    state: HoldState,
    node: number,
    partitions: readonly PartitionDigest[],
    answer: HeldResponse | null,
  ): HoldState {
    // Nearly always, so nothing is looked up for each of hundreds of partitions.
    if (holdsAll(answer, partitions)) return { ...state, whole: [...state.whole, node] };
    const missing = missingByPartition(answer);
    const standing: Record<Partition, number> = { ...state.standing };
    for (const { partition } of partitions) {
      if (isWhole(missing.get(partition))) standing[partition] = node;
    }
    return { ...state, standing };
  }

  /** Nodes that were silent a moment ago are not asked again: whoever asks next begins anew. */
  function askAll(before: HoldState): HoldStep {
    const state = { ...before, standing: { ...before.standing } };
    for (const node of state.whole) {
      for (const { partition } of firsts.get(node) ?? []) state.standing[partition] = node;
    }
    const left = options.partitions.filter(({ partition }) => state.standing[partition] === undefined);
    if (left.length === 0) return compare(state, left);
    const asked = Array.from({ length: options.nodes }, (_, node) => node).filter(
      (node) => !state.failed.includes(node),
    );
    const next = { ...state, left, asked };
    if (asked.length === 0) return compare(next, left);
    return { state: next, effects: asked.map((node) => callOf('all', node, left)) };
  }

  function takeAnswer(
    state: HoldState,
    left: readonly PartitionDigest[],
    node: number,
    answer: HeldResponse | null,
  ): HoldStep {
    const answers = answer === null ? state.answers : { ...state.answers, [node]: answer };
    const next = { ...answered(state, node, answer), answers };
    return next.asked.length > 0 ? { state: next, effects: [] } : compare(next, left);
  }

  function compare(state: HoldState, left: readonly PartitionDigest[]): HoldStep {
    const answers = Array.from({ length: options.nodes }, (_, node) =>
      missingByPartition(state.answers[node] ?? null),
    );
    const standing: Record<Partition, number> = { ...state.standing };
    const missing: FlagEntry[] = [];
    const scattered: Partition[] = [];
    for (const named of left) {
      const sets = answers.map((answer) => answer.get(named.partition));
      const node = sets.findIndex(isWhole);
      if (node >= 0) {
        standing[named.partition] = node;
        continue;
      }
      const lacking = sets.filter((set) => set !== undefined);
      if (lacking.length < sets.length) return waiting(state, named.partition, sets.length - lacking.length);
      const nowhere = intersection(lacking);
      if (lacking.every((set) => set.length > nowhere.length)) scattered.push(named.partition);
      // One by one: a partition may lack more entries than a call takes arguments.
      for (const entry of nowhere) if (!excluded.has(entryName(entry))) missing.push(entry);
    }
    if (missing.length > 0 && !state.again) return askAgain(options, { ...state, standing });
    return finish(state, {
      kind: 'held',
      standing: byNode(options.partitions, standing),
      missing: sortEntries(missing),
      scattered,
    });
  }

  function waiting(state: HoldState, partition: Partition, silent: number): HoldStep {
    const reason = `${silent} of ${options.nodes} nodes of the domain do not answer for partition ${partition}`;
    return finish(state, { kind: 'waiting', reason });
  }

  return {
    start,
    step(state: HoldState, event: RoundEvent<HeldResponse>): HoldStep {
      invariant(event.kind !== 'wake', 'this round waits for nothing');
      const [, nodeText] = event.id.split('/');
      const answer = event.kind === 'reply' ? event.reply : null;
      if (state.left === null) return takeFirst(state, Number(nodeText), answer);
      return takeAnswer(state, state.left, Number(nodeText), answer);
    },
  };
}

/** Everybody about what nobody stands for, where all have answered. */
function askAgain({ nodes, partitions }: HoldOptions, state: HoldState): HoldStep {
  const left = partitions.filter(({ partition }) => state.standing[partition] === undefined);
  const asked = Array.from({ length: nodes }, (_, node) => node);
  const next = { ...state, left, again: true, asked, answers: {} };
  return { state: next, effects: asked.map((node) => callOf('again', node, left)) };
}

/** Whether the answer is, in the order of the question, that no flag is missing. */
function holdsAll(answer: HeldResponse | null, partitions: readonly PartitionDigest[]): boolean {
  if (answer?.partitions.length !== partitions.length) return false;
  return partitions.every(({ partition }, place) => {
    const said = answer.partitions[place];
    return said?.partition === partition && said.missing.length === 0;
  });
}

function callOf(
  kind: 'first' | 'all' | 'again',
  node: number,
  partitions: readonly PartitionDigest[],
): Effect<HoldCall, Held> {
  return { kind: 'call', id: `${kind}/${node}`, call: { node, partitions } };
}

function answered(state: HoldState, node: number, answer: HeldResponse | null): HoldState {
  const asked = state.asked.filter((one) => one !== node);
  return { ...state, asked, failed: answer === null ? [...state.failed, node] : state.failed };
}

/** The partitions of each node that stands for some. */
function byNode(
  partitions: readonly PartitionDigest[],
  standing: Standing,
): Extract<Held, { kind: 'held' }>['standing'] {
  const found = new Map<number, PartitionDigest[]>();
  for (const named of partitions) {
    const node = standing[named.partition];
    if (node !== undefined) push(found, node, named);
  }
  return [...found].map(([node, some]) => ({ node, partitions: some }));
}

function push<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** A node that does not answer says nothing about any partition. */
function missingByPartition(answer: HeldResponse | null): ReadonlyMap<Partition, readonly FlagEntry[]> {
  const missing = new Map<Partition, readonly FlagEntry[]>();
  for (const said of answer?.partitions ?? []) missing.set(said.partition, said.missing);
  return missing;
}

function intersection(sets: readonly (readonly FlagEntry[])[]): readonly FlagEntry[] {
  const [first = [], ...rest] = sets;
  const names = rest.map((set) => new Set(set.map(entryName)));
  return first.filter((entry) => names.every((set) => set.has(entryName(entry))));
}

function finish(state: HoldState, out: Held): HoldStep {
  return { state, effects: [{ kind: 'finish', out }] };
}
