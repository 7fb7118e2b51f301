import type { WindowScope } from '../../src/protocol/index.ts';
import type { DomainId, Epoch, NodeId, Partition, RingDocument } from '../../src/ring/index.ts';
import { placingDocument } from '../../src/ring/index.ts';
import type { Voter } from './checkers/votes.ts';
import { storeIn } from './node-process.ts';
import { placementOf } from './placements.ts';
import { type PlannedStreams, streamNamed } from './planned.ts';

export interface VotersOptions {
  readonly streams: PlannedStreams['streams'];
  /** The ring documents that some node has taken, one after the other. */
  readonly rings: readonly RingDocument[];
  /** Whether the node has the document on its disk. */
  has(node: string, epoch: Epoch): boolean;
}

/** Who votes about a window. */
export interface Voters {
  /** The document that places the window, by all that were taken. */
  placingOf(scope: WindowScope): RingDocument;
  /** In its register, or in the ledger of a domain. */
  of(scope: WindowScope, ledger?: DomainId): readonly Voter[];
  /**
   * The same, and those of the placement that one node knows. A node that has not heard of the newest document may open a window
   * by an older one; it never promises the newer placement then, which does not come into force
   * (docs/RELIABILITY.md, "What does not").
   */
  knownTo(node: string, scope: WindowScope, ledger?: DomainId): readonly (readonly Voter[])[];
  /** Who votes about the flags of a partition, by the same placements. */
  aboutFlags(node: string, scope: WindowScope, partition: Partition): readonly (readonly Voter[])[];
}

export function createVoters({ streams, rings, has }: VotersOptions): Voters {
  const placingOf = ({ window }: WindowScope) => placingDocument({ documents: rings }, window);

  const domainsOf = ({ stream }: WindowScope) => streamNamed(streams, stream).domains.map(({ id }) => id);

  function votersIn(document: RingDocument, scope: WindowScope, ledger?: DomainId): readonly Voter[] {
    const { stream, window, group } = scope;
    const placement = placementOf(document);
    return storesOf(
      document,
      ledger === undefined
        ? placement.registerAcceptors(domainsOf(scope), stream, window, group)
        : placement.ledgerAcceptors(ledger, stream, window, group),
    );
  }

  function storesOf(document: RingDocument, acceptors: readonly NodeId[]): readonly Voter[] {
    return acceptors.flatMap((node) => {
      const store = storeIn(document, node);
      return store === undefined ? [] : [{ node, store }];
    });
  }

  /** What places the window by all that were taken, and by what the node has. */
  function placingFor(node: string, scope: WindowScope): readonly RingDocument[] {
    const newest = placingOf(scope);
    const documents = rings.filter(({ epoch }) => has(node, epoch));
    const known = documents.length === 0 ? newest : placingDocument({ documents }, scope.window);
    return [...new Set([newest, known])];
  }

  return {
    placingOf,
    of: (scope, ledger) => votersIn(placingOf(scope), scope, ledger),
    knownTo: (node, scope, ledger) =>
      placingFor(node, scope).map((document) => votersIn(document, scope, ledger)),
    aboutFlags: (node, scope, partition) =>
      placingFor(node, scope).map((document) =>
        storesOf(document, placementOf(document).acceptors(domainsOf(scope), partition)),
      ),
  };
}
