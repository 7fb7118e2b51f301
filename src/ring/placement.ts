import { bigEndian, EngineError, labelledHash, utf8 } from '../foundation/index.ts';
import type { RingDocument } from './document.ts';
import type { DomainId, NodeId, Partition, StreamHash, WindowId } from './identifiers.ts';
import { PARTITION_BITS, PARTITIONS, partition, partitionOf, streamHashBytes } from './identifiers.ts';
import type { RingNode } from './section.ts';

/** Tokens per node: with 2 to 24 nodes the largest holds at most about 1.3 times its fair share. */
export const TOKENS_PER_NODE = 64;

/** Where everything lives, as a function of one ring document (the paper's DHT ring, one per domain). */
export interface Placement {
  /** The first `replicas` distinct nodes of the domain clockwise of the partition. @throws `WRONG_DOMAIN` */
  owners(domain: DomainId, partition: Partition): readonly NodeId[];
  /** The nodes that vote on the partition's flags, the first being the nearest. @throws `WRONG_DOMAIN` */
  acceptors(domains: readonly DomainId[], partition: Partition): readonly NodeId[];
  /** The same for whoever asks about many partitions. @throws `WRONG_DOMAIN` */
  acceptorsOver(domains: readonly DomainId[]): (partition: Partition) => readonly NodeId[];
  /** The acceptors of a window's register. @throws `WRONG_DOMAIN` */
  registerAcceptors(
    domains: readonly DomainId[],
    stream: StreamHash,
    window: WindowId,
    group: number,
  ): readonly NodeId[];
  /** The nodes that vote on what one domain releases of a window. @throws `WRONG_DOMAIN` */
  ledgerAcceptors(domain: DomainId, stream: StreamHash, window: WindowId, group: number): readonly NodeId[];
  /** A node of the ring and its domain. @throws `WRONG_NODE` */
  node(id: NodeId): PlacedNode;
}

export interface PlacedNode {
  readonly node: RingNode;
  readonly domain: DomainId;
}

/** How many of `n` acceptors decide: 2 of 3, 1 of 1. */
export function majority(n: number): number {
  return Math.floor(n / 2) + 1;
}

/**
 * How many nodes vote on a flag of a stream over these domains. Two would stop at the loss of either, which is worse
 * than one.
 */
export function votersAmong(
  { acceptors, domains }: Pick<RingDocument, 'acceptors' | 'domains'>,
  named: readonly DomainId[],
): 1 | 3 {
  const nodes = domains.flatMap((section) => (named.includes(section.domain) ? section.nodes : []));
  return nodes.length < 3 ? 1 : acceptors;
}

/** The partition whose acceptors keep the register of a window: 10 bits of a hash over its name. */
export function registerPartition(stream: StreamHash, window: WindowId, group: number): Partition {
  return partitionOf(
    labelledHash('register', streamHashBytes(stream), bigEndian(window, 8), bigEndian(group, 2)),
  );
}

/** A point of the ring in two unsigned 32-bit halves: a bigint would be slower and a double too short. */
interface Token {
  readonly high: number;
  readonly low: number;
  readonly node: NodeId;
}

interface DomainPlacement {
  readonly nodes: readonly NodeId[];
  /** Per partition the nearest distinct nodes, at least two where the domain has them. */
  readonly nearest: readonly (readonly Token[])[];
  readonly owners: readonly (readonly NodeId[])[];
}

/**
 * Computes the placement of a ring document: 64 tokens per node, token i the first 8 bytes of the labelled
 * hash over (domain, node id, i), partition p at p * 2^54. A position equal to a token belongs to that token.
 */
export function createPlacement(ring: RingDocument): Placement {
  const domains = new Map<DomainId, DomainPlacement>();
  const nodes = new Map<NodeId, PlacedNode>();
  for (const section of ring.domains) {
    for (const node of section.nodes) nodes.set(node.id, { node, domain: section.domain });
    const ids = section.nodes.map(({ id }) => id);
    domains.set(section.domain, placeDomain(section.domain, ids, section.replicas));
  }
  const of = (domain: DomainId): DomainPlacement => {
    const placed = domains.get(domain);
    if (placed === undefined) {
      throw new EngineError('WRONG_DOMAIN', `expected a domain of epoch ${ring.epoch}, got ${domain}`);
    }
    return placed;
  };
  const owners = (domain: DomainId, at: Partition): readonly NodeId[] => of(domain).owners[at] ?? [];
  // A seal asks for every partition, a busy node for one per message; a stream has few lists of domains.
  const chosen = new Map<string, (at: Partition) => readonly NodeId[]>();
  const acceptorsOver = (named: readonly DomainId[]): ((at: Partition) => readonly NodeId[]) => {
    const list = named.join();
    const known = chosen.get(list) ?? choiceAmong(named.map(of), votersAmong(ring, named));
    chosen.set(list, known);
    return known;
  };
  const acceptors = (named: readonly DomainId[], at: Partition) => acceptorsOver(named)(at);

  return {
    owners,
    acceptors,
    acceptorsOver,
    registerAcceptors: (named, stream, window, group) =>
      acceptors(named, registerPartition(stream, window, group)),
    ledgerAcceptors: (domain, stream, window, group) =>
      ring.acceptors === 1
        ? owners(domain, registerPartition(stream, window, group)).slice(0, 1)
        : of(domain).nodes,
    node: (id) => {
      const placed = nodes.get(id);
      if (placed === undefined) {
        throw new EngineError('WRONG_NODE', `expected a node of epoch ${ring.epoch}, got ${id}`);
      }
      return placed;
    },
  };
}

function placeDomain(domain: DomainId, nodes: readonly NodeId[], replicas: number): DomainPlacement {
  const tokens = nodes.flatMap((node) => tokensOf(domain, node)).sort(compareTokens);
  // The second nearest node may vote whatever `replicas` is.
  const wanted = Math.min(nodes.length, Math.max(replicas, 2));
  const nearest: (readonly Token[])[] = [];
  const owners: (readonly NodeId[])[] = [];
  // Partitions between the same two tokens share their lists: a sensor keeps an eighth of what it would.
  let found = distinctFrom(tokens, 0, wanted);
  let owning = ownersAmong(found, replicas);
  let first = 0;
  for (let at = 0; at < PARTITIONS; at++) {
    const before = first;
    while (first < tokens.length && (tokens[first]?.high ?? 0) < positionHigh(partition(at))) first++;
    if (first !== before) {
      found = distinctFrom(tokens, first, wanted);
      owning = ownersAmong(found, replicas);
    }
    nearest.push(found);
    owners.push(owning);
  }
  return { nodes, nearest, owners };
}

function ownersAmong(nearest: readonly Token[], replicas: number): readonly NodeId[] {
  return nearest.slice(0, replicas).map(({ node }) => node);
}

function tokensOf(domain: DomainId, node: NodeId): Token[] {
  return Array.from({ length: TOKENS_PER_NODE }, (_, i) => {
    const hash = labelledHash('ring-token', utf8(domain), utf8(node), bigEndian(i, 4));
    const view = new DataView(hash.buffer, hash.byteOffset, 8);
    return { high: view.getUint32(0), low: view.getUint32(4), node };
  });
}

/** The upper half of the position p * 2^54; the lower half is always zero. */
function positionHigh(at: Partition): number {
  return at * 2 ** (32 - PARTITION_BITS);
}

function distinctFrom(tokens: readonly Token[], first: number, wanted: number): Token[] {
  const found = new Map<NodeId, Token>();
  for (let i = 0; i < tokens.length && found.size < wanted; i++) {
    const token = tokens[(first + i) % tokens.length];
    if (token !== undefined && !found.has(token.node)) found.set(token.node, token);
  }
  return [...found.values()];
}

/**
 * The rule of acceptors: the nearest node of each domain by clockwise distance; with two domains then their
 * second nearest. Three domains or more give three domains that would have to collude or fail together.
 */
function chooseAcceptors(
  domains: readonly DomainPlacement[],
  at: Partition,
  wanted: 1 | 3,
): readonly NodeId[] {
  const rank = (index: number): NodeId[] =>
    domains
      .flatMap((domain) => domain.nearest[at]?.[index] ?? [])
      .map((token) => fromPosition(token, at))
      .sort(compareTokens)
      .map(({ node }) => node);
  const nearest = rank(0);
  if (wanted === 1) return nearest.slice(0, 1);
  if (domains.length >= 3) return nearest.slice(0, 3);
  return [...nearest, ...rank(1)].slice(0, 3);
}

/** Chooses the acceptors of a partition when somebody asks for them, once. */
function choiceAmong(
  domains: readonly DomainPlacement[],
  wanted: 1 | 3,
): (at: Partition) => readonly NodeId[] {
  const chosen: (readonly NodeId[])[] = [];
  return (at) => {
    chosen[at] ??= chooseAcceptors(domains, at, wanted);
    return chosen[at];
  };
}

/** The same token with its clockwise distance from the partition's position in place of its position. */
function fromPosition(token: Token, at: Partition): Token {
  return { ...token, high: (token.high - positionHigh(at)) >>> 0 };
}

/** By position; a tie, which only a search for collisions could make, goes to the smaller node id. */
function compareTokens(a: Token, b: Token): number {
  return a.high - b.high || a.low - b.low || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
}
