import type { AcceptorReply, AcceptorRequest } from '../../../src/consensus/index.ts';
import type {
  FlagEntry,
  FlagValue,
  FreezeReport,
  FrozenList,
  SetDigest,
} from '../../../src/protocol/index.ts';
import { digestOf, equalDigests, readingId, sensorId } from '../../../src/protocol/index.ts';
import { partition, storeId } from '../../../src/ring/identifiers.ts';
import type { Cell } from '../explore/acceptor-cell.ts';
import { freshCell, vote, withVote } from '../explore/acceptor-cell.ts';

/** The one flag of the window, in partition 0. */
export const FLAG: FlagEntry = {
  readingId: readingId(new Uint8Array(16)),
  sensorId: sensorId(new Uint8Array(16)),
  count: 1,
};
export const SET_HASH_KEY = new Uint8Array(32);
export const FLAG_PARTITION = partition(0);

/** A flag's acceptor that can be frozen. */
export interface FreezableCell extends Cell<FlagValue> {
  readonly frozen: boolean;
  /** Its TRUE flags when it was frozen: what its report says from then on. */
  readonly reported: readonly FlagEntry[];
  /** Lists kept for a candidate T, by the number of their flags: with one flag 0 or 1. */
  readonly kept: readonly number[];
}

/** Where a broken variant seals in another way. The rest is what node/services/flag-acceptor.ts and frozen.ts do. */
export interface Freezing {
  /** Whether a frozen acceptor refuses this request. In production it refuses every per-flag message. */
  readonly refuses: (request: AcceptorRequest<FlagValue>) => boolean;
  /** What freezing makes of the acceptor beside freezing it. In production nothing. */
  readonly onFreeze: (cell: FreezableCell) => FreezableCell;
  /** What a resolver is shown of a reply. */
  readonly shown: (cell: FreezableCell, reply: AcceptorReply<FlagValue>) => AcceptorReply<FlagValue>;
}

export const FREEZING: Freezing = {
  refuses: () => true,
  onFreeze: (cell) => cell,
  shown: (_, reply) => reply,
};

export function freshFreezable(): FreezableCell {
  return { ...freshCell<FlagValue>(), frozen: false, reported: [], kept: [] };
}

/** A per-flag message; null is the refusal WINDOW_SEALED, which says nothing about the flag. */
export function voteUnlessFrozen(
  cell: FreezableCell,
  request: AcceptorRequest<FlagValue>,
  freezing: Freezing,
): { readonly cell: FreezableCell; readonly reply: AcceptorReply<FlagValue> | null } {
  if (cell.frozen && freezing.refuses(request)) return { cell, reply: null };
  const after = vote(cell, request);
  const next = after.cell === cell ? cell : { ...cell, ...after.cell };
  return { cell: next, reply: freezing.shown(cell, after.reply) };
}

export function frozen(cell: FreezableCell, freezing: Freezing): FreezableCell {
  if (cell.frozen) return cell;
  const after = freezing.onFreeze({ ...cell, frozen: true });
  return { ...after, reported: trueFlags(after) };
}

export function reportOf({ reported }: FreezableCell): FreezeReport {
  const digest = digestOf(SET_HASH_KEY, reported);
  const partitions = digest.count > 0 ? [{ partition: FLAG_PARTITION, digest }] : [];
  return { storeId: storeId('00'.repeat(16)), commitSeq: 0, partitions };
}

export function listOf({ memory }: FreezableCell): FrozenList {
  const flags = memory.accepted === null ? [] : [{ entry: FLAG, ...memory.accepted }];
  return { flags, more: false };
}

/** KEEP_LIST: stored only where the ids have the digest they are stored under. */
export function keep(
  cell: FreezableCell,
  digest: SetDigest,
  entries: readonly FlagEntry[],
): { readonly cell: FreezableCell; readonly kept: boolean } {
  if (!equalDigests(digestOf(SET_HASH_KEY, entries), digest)) return { cell, kept: false };
  if (cell.kept.includes(entries.length)) return { cell, kept: true };
  return { cell: { ...cell, kept: [...cell.kept, entries.length].sort() }, kept: true };
}

/** Whether the acceptor can name the flags of a settled T of `flags` flags: its own frozen ones or a kept list. */
export function canName(cell: FreezableCell, flags: number): boolean {
  return flags === 0 || cell.kept.includes(flags) || (cell.frozen && trueFlags(cell).length === flags);
}

/** For variants in which freezing votes. */
export function castVote(cell: FreezableCell, accepted: NonNullable<Cell<FlagValue>['memory']['accepted']>) {
  const memory = { promised: accepted.ballot, accepted };
  return { ...cell, memory, disk: memory, voted: withVote(cell.voted, accepted) };
}

function trueFlags({ memory }: FreezableCell): FlagEntry[] {
  return memory.accepted?.value === 'TRUE' ? [FLAG] : [];
}
