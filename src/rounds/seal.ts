import { EngineError, invariant } from '../foundation/index.ts';
import type { FlagEntry, FreezeReport, FrozenList, PartitionDigest, SetDigest } from '../protocol/index.ts';
import { digestOf, EMPTY_SET } from '../protocol/index.ts';
import { PAGE_ENTRIES_MAX } from '../protocol/limits.ts';
import { READINGS_MAX } from '../protocol/stream-limits.ts';
import type { Partition } from '../ring/identifiers.ts';
import { PARTITIONS, partition } from '../ring/identifiers.ts';
import { agreedDigest, candidateOf } from './candidate.ts';
import { canBe, goesOn, impossible, impossiblePage, readingsIn, reportError } from './frozen-answers.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface SealOptions {
  /** Every node that is an acceptor of some partition; calls name them from 0. */
  readonly nodes: number;
  /** The acceptors of each partition, as places in the list of nodes. */
  readonly acceptorsOf: (partition: Partition) => readonly number[];
  readonly quorumOf: (acceptors: number) => number;
  /** Readings that an acceptor may know in the window; one whose flags stand for more lies. */
  readonly maxReadings: number;
  /** K of the window's set hash. */
  readonly setHashKey: Uint8Array;
  /** Partitions whose lists are fetched and kept at the same time; bounds memory. */
  readonly listsAtOnce: number;
}

export type SealCall =
  | { readonly kind: 'freeze'; readonly node: number }
  | {
      readonly kind: 'list';
      readonly node: number;
      readonly partition: Partition;
      readonly after: FlagEntry | null;
    }
  | {
      readonly kind: 'keep';
      readonly node: number;
      readonly partition: Partition;
      readonly digest: SetDigest;
      readonly entries: readonly FlagEntry[];
      readonly last: boolean;
    };

export type SealReply =
  | { readonly kind: 'freeze'; readonly report: FreezeReport }
  | { readonly kind: 'list'; readonly list: FrozenList }
  | { readonly kind: 'keep'; readonly kept: boolean };

/** What the reports of a sealed window add up to, or why the window is not sealed. */
export type Sealed =
  | { readonly kind: 'sealed'; readonly partitions: readonly PartitionDigest[] }
  | {
      readonly kind: 'open';
      readonly partitionsOpen: number;
      readonly error: EngineError;
      /** The node whose answer no honest acceptor gives, where one ended the round; it is to count as none. */
      readonly liar?: number;
    };

/** A partition whose reports differ: its lists are read, T is made from them and kept at a quorum. */
interface Listing {
  readonly lists: Readonly<Record<number, { readonly flags: FrozenList['flags']; readonly whole: boolean }>>;
  readonly candidate: { readonly entries: readonly FlagEntry[]; readonly digest: SetDigest } | null;
  readonly kept: readonly number[];
}

export interface SealState {
  /** Per node its report, null after a failure; a node still asked has no entry. */
  readonly reports: Readonly<Record<number, FreezeReport | null>>;
  readonly error: EngineError | null;
  readonly agreed: Readonly<Record<number, SetDigest>>;
  readonly waiting: readonly Partition[];
  readonly listings: Readonly<Record<number, Listing>>;
  /** Per node the readings of all flags that it has listed. */
  readonly listed: Readonly<Record<number, number>>;
}

type SealStep = Step<SealState, SealCall, Sealed>;
type SealEffect = Effect<SealCall, Sealed>;

/**
 * Lines 1 to 4 of docs/PROTOCOL.md, "Seal, settle, release": freezes the window at its acceptors and makes the
 * candidate T. The window is sealed only when a majority of the acceptors of EVERY partition is frozen; with a bare
 * majority of the nodes some flags would keep an unfrozen majority and could still be set after the release.
 */
export function sealRound(options: SealOptions): Round<SealState, SealCall, SealReply, Sealed> {
  const start = (): SealStep => ({
    state: { reports: {}, error: null, agreed: {}, waiting: [], listings: {}, listed: {} },
    effects: Array.from({ length: options.nodes }, (_, node) => ({
      kind: 'call',
      id: `freeze/${node}`,
      call: { kind: 'freeze', node },
    })),
  });

  function takeReport(
    state: SealState,
    node: number,
    report: FreezeReport | null,
    error: EngineError | null,
  ): SealStep {
    const reports = { ...state.reports, [node]: report };
    const next = { ...state, reports, error: error ?? state.error };
    if (Object.keys(reports).length < options.nodes) return { state: next, effects: [] };
    return compareReports(next);
  }

  function compareReports(state: SealState): SealStep {
    const { agreed, waiting, open } = comparison(options, state.reports);
    if (open === 0) return listNext({ ...state, agreed, waiting });
    return finish(state, { kind: 'open', partitionsOpen: open, error: state.error ?? missingReports(open) });
  }

  /** Starts as many listings as may run at once; finishes when none is left. */
  function listNext(state: SealState, before: readonly SealEffect[] = []): SealStep {
    const effects: SealEffect[] = [...before];
    const listings: Record<number, Listing> = { ...state.listings };
    const waiting = [...state.waiting];
    while (waiting.length > 0 && Object.keys(listings).length < options.listsAtOnce) {
      const next = waiting.shift();
      if (next === undefined) break;
      listings[next] = { lists: {}, candidate: null, kept: [] };
      for (const node of frozenAcceptors(state, next)) effects.push(listCall(node, next, null));
    }
    const after = { ...state, waiting, listings };
    if (Object.keys(listings).length > 0) return { state: after, effects };
    const partitions = partitionsOf(after.agreed);
    if (canBe(partitions, READINGS_MAX)) return finish(after, { kind: 'sealed', partitions });
    return finish(after, {
      kind: 'open',
      partitionsOpen: partitions.length,
      error: impossible(READINGS_MAX),
    });
  }

  function takeList(state: SealState, node: number, at: Partition, page: FrozenList): SealStep {
    const listing = state.listings[at];
    if (listing === undefined) return { state, effects: [] };
    const before = listing.lists[node]?.flags ?? [];
    const readings = (state.listed[node] ?? 0) + readingsIn(page);
    // It would fill the memory, or be asked the same again, without an end, and keep the window from being sealed.
    if (!goesOn(page, at, before.at(-1)?.entry) || readings > options.maxReadings)
      return stop(state, impossiblePage(), node);
    const flags = [...before, ...page.flags];
    const lists = { ...listing.lists, [node]: { flags, whole: !page.more } };
    const listed = { ...state.listed, [node]: readings };
    const next = withListing({ ...state, listed }, at, { ...listing, lists });
    if (page.more) return { state: next, effects: [listCall(node, at, flags.at(-1)?.entry ?? null)] };
    const asked = frozenAcceptors(state, at);
    if (!asked.every((acceptor) => lists[acceptor]?.whole === true)) return { state: next, effects: [] };
    return keepCandidate(next, at, candidateOf(asked.map((acceptor) => lists[acceptor]?.flags ?? [])));
  }

  function keepCandidate(state: SealState, at: Partition, entries: readonly FlagEntry[]): SealStep {
    const digest = digestOf(options.setHashKey, entries);
    const listing: Listing = { lists: {}, candidate: { entries, digest }, kept: [] };
    const next = withListing(state, at, listing);
    return {
      state: next,
      effects: frozenAcceptors(state, at).map((node) => keepCall(node, at, entries, digest, 0)),
    };
  }

  function takeKept(state: SealState, node: number, at: Partition, page: number): SealStep {
    const listing = state.listings[at];
    if (listing === undefined || listing.candidate === null) return { state, effects: [] };
    const { entries, digest } = listing.candidate;
    if ((page + 1) * PAGE_ENTRIES_MAX < entries.length) {
      return { state, effects: [keepCall(node, at, entries, digest, page + 1)] };
    }
    const kept = [...listing.kept, node];
    if (kept.length < options.quorumOf(options.acceptorsOf(at).length)) {
      return { state: withListing(state, at, { ...listing, kept }), effects: [] };
    }
    const { [at]: _, ...listings } = state.listings;
    const agreed = digest.count > 0 ? { ...state.agreed, [at]: digest } : state.agreed;
    return listNext({ ...state, agreed, listings });
  }

  function frozenAcceptors(state: SealState, at: Partition): readonly number[] {
    return options.acceptorsOf(at).filter((node) => state.reports[node] != null);
  }

  return {
    start,
    step(state: SealState, event: RoundEvent<SealReply>): SealStep {
      invariant(event.kind !== 'wake', 'this round waits for nothing');
      const [kind, nodeText, partitionText, pageText] = event.id.split('/');
      const node = Number(nodeText);
      if (event.kind === 'failure') {
        if (kind === 'freeze') return takeReport(state, node, null, event.error);
        // A list or a kept page is needed from a quorum that has just answered; losing it is not worth a
        // second plan: whoever asks next begins at line 1 again.
        return stop(state, event.error);
      }
      const { reply } = event;
      if (reply.kind === 'freeze') {
        const error = reportError(reply.report, options.maxReadings);
        return takeReport(state, node, error === null ? reply.report : null, error);
      }
      if (reply.kind === 'list') return takeList(state, node, partition(Number(partitionText)), reply.list);
      if (!reply.kept) return stop(state, notKept(), node);
      return takeKept(state, node, partition(Number(partitionText)), Number(pageText));
    },
  };
}

function withListing(state: SealState, at: Partition, listing: Listing): SealState {
  return { ...state, listings: { ...state.listings, [at]: listing } };
}

function listCall(node: number, at: Partition, after: FlagEntry | null): SealEffect {
  return { kind: 'call', id: `list/${node}/${at}`, call: { kind: 'list', node, partition: at, after } };
}

function keepCall(
  node: number,
  at: Partition,
  all: readonly FlagEntry[],
  digest: SetDigest,
  page: number,
): SealEffect {
  const entries = all.slice(page * PAGE_ENTRIES_MAX, (page + 1) * PAGE_ENTRIES_MAX);
  const last = (page + 1) * PAGE_ENTRIES_MAX >= all.length;
  return {
    kind: 'call',
    id: `keep/${node}/${at}/${page}`,
    call: { kind: 'keep', node, partition: at, digest, entries, last },
  };
}

/** Which partitions are sealed with one digest, which with differing ones, and how many are not sealed. */
function comparison(
  options: SealOptions,
  reports: SealState['reports'],
): { readonly agreed: Record<number, SetDigest>; readonly waiting: Partition[]; readonly open: number } {
  const agreed: Record<number, SetDigest> = {};
  const waiting: Partition[] = [];
  let open = 0;
  const digests = digestsByNode(reports);
  for (let number = 0; number < PARTITIONS; number++) {
    const acceptors = options.acceptorsOf(partition(number));
    const quorum = options.quorumOf(acceptors.length);
    const found: SetDigest[] = [];
    for (const node of acceptors) {
      const byPartition = digests[node];
      if (byPartition !== undefined) found.push(byPartition[number] ?? EMPTY_SET);
    }
    const digest = agreedDigest(found, quorum);
    if (found.length < quorum) open += 1;
    else if (digest === null) waiting.push(partition(number));
    else if (digest.count > 0) agreed[number] = digest;
  }
  return { agreed, waiting, open };
}

/** Of each node that is frozen the digests by partition; in arrays, because a seal looks thousands of them up. */
function digestsByNode(reports: SealState['reports']): readonly (readonly SetDigest[] | undefined)[] {
  const digests: SetDigest[][] = [];
  for (const [node, report] of Object.entries(reports)) {
    if (report === null) continue;
    const byPartition: SetDigest[] = [];
    for (const { partition: at, digest } of report.partitions) byPartition[at] = digest;
    digests[Number(node)] = byPartition;
  }
  return digests;
}

function partitionsOf(agreed: SealState['agreed']): PartitionDigest[] {
  return Object.entries(agreed)
    .map(([number, digest]) => ({ partition: partition(Number(number)), digest }))
    .sort((a, b) => a.partition - b.partition);
}

function missingReports(open: number): EngineError {
  return new EngineError('INCOMPLETE', `a majority of the acceptors of ${open} partitions is not frozen`);
}

function notKept(): EngineError {
  return new EngineError('INTERNAL', 'an acceptor did not keep the list of a partition under its digest');
}

/** @param liar who ended the round by an answer that no honest acceptor gives */
function stop(state: SealState, error: EngineError, liar?: number): SealStep {
  const open = { kind: 'open', partitionsOpen: 1, error } as const;
  return finish(state, liar === undefined ? open : { ...open, liar });
}

function finish(state: SealState, out: Sealed): SealStep {
  return { state, effects: [{ kind: 'finish', out }] };
}
