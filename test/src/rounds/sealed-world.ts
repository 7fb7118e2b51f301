import { compareBytes } from '../../../src/foundation/index.ts';
import type {
  FlagEntry,
  FlagValue,
  FreezeReport,
  FrozenList,
  SetDigest,
} from '../../../src/protocol/index.ts';
import { digestOf, entryKey, equalDigests, limits } from '../../../src/protocol/index.ts';
import { partition, storeId } from '../../../src/ring/identifiers.ts';
import type { SealCall, SealReply } from '../../../src/rounds/index.ts';
import { SET_HASH_KEY } from './flag-entries.ts';

export interface FrozenFlag {
  readonly entry: FlagEntry;
  readonly value: FlagValue;
  readonly counter: number;
}

/** Per node and partition what it accepted, in entry order; null for a node that does not answer. */
export type FrozenFlags = readonly (Readonly<Record<number, readonly FrozenFlag[]>> | null)[];

export interface SealedWorld {
  answer(call: SealCall): SealReply | null;
  /** Lists kept whole, with their nodes. */
  readonly kept: { readonly node: number; readonly partition: number; readonly digest: SetDigest }[];
}

/** Frozen acceptors, kept simple: lists in pages, and a list is kept only under its own digest. */
export function sealedWorld(flags: FrozenFlags): SealedWorld {
  const kept: SealedWorld['kept'] = [];
  const pages = new Map<string, FlagEntry[]>();

  function report(held: Readonly<Record<number, readonly FrozenFlag[]>>): FreezeReport {
    const partitions = Object.entries(held).flatMap(([at, list]) => {
      const digest = digestOf(SET_HASH_KEY, trueOf(list));
      return digest.count > 0 ? [{ partition: partition(Number(at)), digest }] : [];
    });
    return { storeId: storeId('00'.repeat(16)), commitSeq: 1, partitions };
  }

  function list(held: readonly FrozenFlag[], after: FlagEntry | null): FrozenList {
    const rest = held.filter(
      ({ entry }) => after === null || compareBytes(entryKey(entry), entryKey(after)) > 0,
    );
    const page = rest.slice(0, limits.PAGE_ENTRIES_MAX);
    return {
      flags: page.map(({ entry, value, counter }) => ({ entry, value, ballot: { counter, proposer: 0 } })),
      more: rest.length > page.length,
    };
  }

  return {
    kept,
    answer(call) {
      const held = flags[call.node];
      if (held == null) return null;
      if (call.kind === 'freeze') return { kind: 'freeze', report: report(held) };
      if (call.kind === 'list') return { kind: 'list', list: list(held[call.partition] ?? [], call.after) };
      const name = `${call.node}/${call.partition}`;
      const entries = [...(pages.get(name) ?? []), ...call.entries];
      pages.set(name, entries);
      if (!call.last) return { kind: 'keep', kept: true };
      const whole = equalDigests(digestOf(SET_HASH_KEY, entries), call.digest);
      if (whole) kept.push({ node: call.node, partition: call.partition, digest: call.digest });
      return { kind: 'keep', kept: whole };
    },
  };
}

export function trueOf(flags: readonly FrozenFlag[]): FlagEntry[] {
  return flags.filter(({ value }) => value === 'TRUE').map(({ entry }) => entry);
}
