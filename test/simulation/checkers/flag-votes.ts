import type { Accepted } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO, compareBallots } from '../../../src/consensus/index.ts';
import type { FlagValue, WindowScope } from '../../../src/protocol/index.ts';
import { partitionOfKey, scopeOfKey, windowName } from '../../../src/protocol/index.ts';
import type { Partition, StoreId } from '../../../src/ring/index.ts';
import { majority } from '../../../src/ring/index.ts';
import type { DiskRows } from './disk-rows.ts';
import type { Voter } from './votes.ts';

export interface FlagVotingNode {
  readonly node: string;
  readonly rows: Pick<DiskRows, 'flagsOf'>;
  /** The store it runs on; undefined before it has a document. */
  storeId(): StoreId | undefined;
}

/**
 * ONE-OUTCOME where it is decided, on the disks: under one ballot one value, under ballot 0 only TRUE, and once a quorum has accepted
 * a value under one ballot, no other value under a higher one.
 */
export interface FlagVoteChecker {
  /** A record of the table of flags has become durable. */
  stored(node: FlagVotingNode, recordKey: Uint8Array): void;
}

export interface FlagVoteCheckerOptions {
  /** Who votes about the flags of a partition, by each placement that a node may take. */
  votersOf(node: string, scope: WindowScope, partition: Partition): readonly (readonly Voter[])[];
  violation(what: string): void;
}

type Vote = Accepted<FlagValue>;

/** Every ballot of a flag that was ever on a disk, and the names of the stores that have accepted it. */
interface Candidate extends Vote {
  readonly stores: Set<StoreId>;
  chosen: boolean;
}

export function createFlagVoteChecker({ votersOf, violation }: FlagVoteCheckerOptions): FlagVoteChecker {
  const flags = new Map<string, Candidate[]>();

  function candidateOf(node: string, flag: string, vote: Vote): Candidate {
    const all = flags.get(flag) ?? [];
    flags.set(flag, all);
    const known = all.find(({ ballot }) => compareBallots(ballot, vote.ballot) === 0);
    if (known !== undefined) {
      if (known.value !== vote.value)
        violation(`ONE-OUTCOME: ${node} accepts ${vote.value} under a ballot of ${known.value}`);
      return known;
    }
    if (compareBallots(vote.ballot, BALLOT_ZERO) === 0 && vote.value !== 'TRUE')
      violation(`ONE-OUTCOME: ${node} accepts ${vote.value} under ballot 0`);
    const candidate = { ...vote, stores: new Set<StoreId>(), chosen: false };
    all.push(candidate);
    return candidate;
  }

  /** What a quorum has accepted binds every ballot above it, whichever of the two was first. */
  function checkAgreement(node: string, flag: string, { ballot, value, chosen }: Candidate): void {
    for (const other of flags.get(flag) ?? []) {
      if (other.value === value) continue;
      const above = compareBallots(other.ballot, ballot);
      if ((chosen && above > 0) || (other.chosen && above < 0))
        violation(`ONE-OUTCOME: ${node} accepts ${value} beside ${other.value} of a flag that is decided`);
    }
  }

  return {
    stored({ node, rows, storeId }, recordKey) {
      const store = storeId();
      const partition = partitionOfKey(recordKey);
      if (store === undefined || partition === null) return;
      const scope = scopeOfKey(recordKey);
      const window = windowName(scope);
      for (const [name, { accepted }] of rows.flagsOf(recordKey)) {
        if (accepted === null) continue;
        const flag = `${window}/${name}`;
        const candidate = candidateOf(node, flag, accepted);
        if (candidate.stores.has(store)) continue;
        candidate.stores.add(store);
        candidate.chosen ||= votersOf(node, scope, partition).some(
          (voters) =>
            voters.filter((voter) => candidate.stores.has(voter.store)).length >= majority(voters.length),
        );
        checkAgreement(node, flag, candidate);
      }
    },
  };
}
