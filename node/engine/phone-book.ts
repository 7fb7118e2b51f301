import { EngineError } from '../../src/foundation/index.ts';
import type { DomainId, NodeId, RingHistory } from '../../src/ring/index.ts';
import { livingNodesOf, newestOf, oldestOf } from '../../src/ring/index.ts';
import type { Rings } from './rings.ts';

/** Where another node is reached, and the one authority that vouches for it. */
export interface PeerTarget {
  readonly origin: string;
  readonly trust: string;
  readonly pool: DomainId;
}

/** What the ring documents say about who may call as a node of a domain. */
export interface PeerDomain {
  readonly domain: DomainId;
  /** PEM of the domain's own certificate authority. */
  readonly certificateAuthority: string;
  readonly nodes: readonly { readonly id: NodeId }[];
}

/**
 * Addresses and authorities of all nodes that any document lists: one that has left the ring still has a part in
 * older windows. Each is as the newest document that lists it says, under its domain's newest authority.
 */
export interface PhoneBook {
  /** @throws EngineError `WRONG_NODE` */
  target(nodeId: string): PeerTarget;
  /**
   * Without the nodes that are out of the ring and whose stores are declared lost: who does both may know that somebody
   * else has the computer, and its key. The same array as long as the documents stay the same.
   */
  peerDomains(): readonly PeerDomain[];
}

export function createPhoneBook(rings: Rings): PhoneBook {
  let read: RingHistory | null = null;
  let targets: ReadonlyMap<string, PeerTarget> = new Map();
  let domains: readonly PeerDomain[] = [];

  function refresh(): void {
    const history = rings.history();
    if (read === history) return;
    read = history;
    const found = new Map<string, PeerTarget>();
    const sections = new Map<DomainId, { certificateAuthority: string; nodes: Map<NodeId, string> }>();
    for (const ring of history.documents) {
      for (const { domain, certificateAuthority, nodes } of ring.domains) {
        const known = sections.get(domain)?.nodes ?? new Map<NodeId, string>();
        for (const { id, peerUrl } of nodes) known.set(id, peerUrl);
        sections.set(domain, { certificateAuthority, nodes: known });
      }
    }
    for (const [domain, { certificateAuthority, nodes }] of sections) {
      for (const [id, origin] of nodes) {
        found.set(id, { origin, trust: certificateAuthority, pool: domain });
      }
    }
    targets = found;
    domains = [...sections].map(([domain, { certificateAuthority, nodes }]) => ({
      domain,
      certificateAuthority,
      nodes: [...nodes.keys()].filter((id) => !isGone(history, domain, id)).map((id) => ({ id })),
    }));
  }

  return {
    target(nodeId) {
      refresh();
      const target = targets.get(nodeId);
      if (target !== undefined) return target;
      throw new EngineError('WRONG_NODE', `expected a node of the ring, got ${nodeId}`);
    },
    peerDomains() {
      refresh();
      return domains;
    },
  };
}

function isGone(history: RingHistory, domain: DomainId, node: NodeId): boolean {
  const inRing = newestOf(history).domains.some(({ nodes }) => nodes.some(({ id }) => id === node));
  return !inRing && !livingNodesOf(history, domain, oldestOf(history).epoch).includes(node);
}
