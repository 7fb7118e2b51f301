import { highestAccepted } from '../consensus/index.ts';
import { compareBytes } from '../foundation/index.ts';
import type { FlagEntry, FrozenList, SetDigest } from '../protocol/index.ts';
import { entryKey, entryName, equalDigests } from '../protocol/index.ts';

/**
 * The digest that a quorum of frozen acceptors of a partition agree on, or null. Where two acceptors have
 * equal sets of TRUE flags, every flag is TRUE at both or at neither, so T is that set whatever else they
 * accepted and at whatever ballots.
 */
export function agreedDigest(reports: readonly SetDigest[], quorum: number): SetDigest | null {
  for (const report of reports) {
    let equal = 0;
    for (const other of reports) {
      if (equalDigests(other, report)) equal += 1;
      if (equal >= quorum) return report;
    }
  }
  return null;
}

/**
 * T of one partition from the frozen lists of a quorum of its acceptors: a flag has the value accepted at the
 * highest ballot and is in T if that is TRUE; a flag in no list is not in T. Sorted by entry key.
 */
export function candidateOf(lists: readonly FrozenList['flags'][]): FlagEntry[] {
  const flags = new Map<
    string,
    { entry: FlagEntry; accepted: { accepted: FrozenList['flags'][number] }[] }
  >();
  for (const list of lists) {
    for (const item of list) {
      const name = entryName(item.entry);
      const flag = flags.get(name) ?? { entry: item.entry, accepted: [] };
      flag.accepted.push({ accepted: item });
      flags.set(name, flag);
    }
  }
  const candidate: FlagEntry[] = [];
  for (const { entry, accepted } of flags.values()) {
    if (highestAccepted(accepted)?.value === 'TRUE') candidate.push(entry);
  }
  return sortEntries(candidate);
}

export function sortEntries(entries: readonly FlagEntry[]): FlagEntry[] {
  return [...entries].sort((a, b) => compareBytes(entryKey(a), entryKey(b)));
}
