import type { DomainId, NodeId } from './identifiers.ts';
import { PARTITIONS, partition } from './identifiers.ts';
import type { Placement } from './placement.ts';
import { majority } from './placement.ts';

/** As much of a ring document as says whose promises count. */
export interface PlacedDomains {
  readonly domains: readonly {
    readonly domain: DomainId;
    readonly nodes: readonly { readonly id: NodeId }[];
  }[];
}

/**
 * Whether a new placement may be in force, as far as one older placement is concerned: for every partition and
 * every set of domains that a stream may have, a majority of the acceptors has promised to refuse the new
 * placement's windows under the old one. Registers are those of partitions, so they are covered as well. Then
 * no flag and no register of such a window can be decided under both.
 *
 * Acceptors of more than three domains are those of three of them, so pairs and threes of domains are enough.
 * @param promised nodes of the old placement that gave the promise from the store it lists.
 */
export function majorityPromised(
  old: PlacedDomains,
  placement: Pick<Placement, 'acceptors'>,
  promised: ReadonlySet<NodeId>,
): boolean {
  const domains = old.domains.map(({ domain }) => domain);
  if (old.domains.every(({ nodes }) => nodes.every(({ id }) => promised.has(id)))) return true;
  const sets = pairsAndThrees(domains);
  for (let at = 0; at < PARTITIONS; at++) {
    for (const set of sets) {
      const acceptors = placement.acceptors(set, partition(at));
      const given = acceptors.filter((node) => promised.has(node)).length;
      if (given < majority(acceptors.length)) return false;
    }
  }
  return true;
}

function pairsAndThrees(domains: readonly DomainId[]): readonly (readonly DomainId[])[] {
  return domains.flatMap((a, i) =>
    domains.slice(i + 1).flatMap((b, j) => [[a, b], ...domains.slice(i + j + 2).map((c) => [a, b, c])]),
  );
}
