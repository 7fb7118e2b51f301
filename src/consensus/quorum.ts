import { invariant } from '../foundation/index.ts';

/** Which acceptors a proposer asks, and how many of them decide. */
export interface Quorum {
  readonly acceptors: readonly number[];
  readonly quorum: number;
}

/**
 * The quorum of a domain's ledger, whose acceptors are the domain's own nodes, in the face of stores that the
 * domain's signed section declares lost (docs/PROTOCOL.md, "Seal, settle, release").
 *
 * A majority of all nodes decides. Where the lost stores make that impossible and they are fewer than a majority
 * themselves, all that remain decide together; since every majority of all nodes then has a remaining one, no
 * quorum of an older list of losses can have decided otherwise unseen. Null when a majority is lost: what the
 * ledger decided is then known to nobody, and the window stays INCOMPLETE for ever.
 *
 * A majority of the remaining nodes would not do: of three nodes two could decide, be lost, and the third decide again.
 * @param nodes number of nodes in the ring document of the window, named from 0.
 * @param lost nodes whose stores are declared lost.
 */
export function ledgerQuorum(nodes: number, lost: readonly number[]): Quorum | null {
  invariant(
    lost.every((node) => Number.isInteger(node) && node >= 0 && node < nodes),
    'expected lost stores of nodes of the domain',
  );
  const gone = new Set(lost);
  const acceptors = Array.from({ length: nodes }, (_, node) => node).filter((node) => !gone.has(node));
  const majority = Math.floor(nodes / 2) + 1;
  if (acceptors.length >= majority) return { acceptors, quorum: majority };
  return gone.size < majority ? { acceptors, quorum: acceptors.length } : null;
}
