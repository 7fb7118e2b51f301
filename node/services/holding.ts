import { equalBytes } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { PartitionDigest, ReadyResponse } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { EXCLUDED_MAX } from '../../src/protocol/limits.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { Held } from '../../src/rounds/index.ts';
import { holdRound, runRound } from '../../src/rounds/index.ts';
import { longHash } from '../engine/long-hash.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface HoldingComponents {
  readonly decisions: Decisions;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** What stands for T in a domain; `standing` names nodes by their place in `nodes`. */
export type HeldRows =
  | (Extract<Held, { kind: 'held' }> & { readonly nodes: readonly NodeId[] })
  | Extract<Held, { kind: 'waiting' }>;

/**
 * What this node's domain holds of T, found by asking all its nodes: lines 5 and 6 of docs/PROTOCOL.md, "Seal,
 * settle, release".
 */
export interface Holding {
  /** Which nodes stand for T without `excluded`, and what no node holds. */
  hold(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: ReadyResponse['missing'],
    signal?: AbortSignal,
  ): Promise<HeldRows>;
  /** The domain's READY for the settlement of the given digest. */
  ready(record: OpenWindowRecord, settlement: Uint8Array, signal?: AbortSignal): Promise<ReadyResponse>;
}

/** Rounds of uniting before a domain gives up for now; rows that keep moving are a reason to wait. */
const GATHER_ATTEMPTS_MAX = 3;

export function createHolding(components: HoldingComponents): Holding {
  const { decisions, rings, self, callPeer, clock, randomBytes } = components;

  function compare(
    record: OpenWindowRecord,
    nodes: readonly NodeId[],
    partitions: readonly PartitionDigest[],
    excluded: ReadyResponse['missing'],
    signal?: AbortSignal,
  ): Promise<Held> {
    const context = rings.contextOf(record.scope);
    const own = nodes.indexOf(self.nodeId);
    const { placement } = rings.of(record.scope);
    /** This node, which costs no message, or the first owner. */
    const firstOf = (partition: Partition): number => {
      const owners = placement.owners(self.domain, partition);
      if (own >= 0 && owners.includes(self.nodeId)) return own;
      const owner = owners.find((node) => nodes.includes(node));
      return owner === undefined ? 0 : nodes.indexOf(owner);
    };
    return runRound(
      holdRound({ nodes: nodes.length, partitions, excluded, firstOf }),
      {
        perform: ({ node, partitions: some }, over) =>
          callPeer(at(nodes, node), operations.HELD, { context, partitions: some }, over),
        clock,
        randomBytes,
      },
      signal,
    );
  }

  async function hold(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: ReadyResponse['missing'],
    signal?: AbortSignal,
  ): Promise<HeldRows> {
    for (let attempt = 1; attempt <= GATHER_ATTEMPTS_MAX; attempt++) {
      // A store declared lost answers nothing and holds nothing; waiting for it would be waiting for ever.
      const nodes = rings.of(record.scope).livingNodesOf(self.domain);
      const held = await compare(record, nodes, partitions, excluded, signal);
      if (held.kind === 'waiting') return held;
      if (held.scattered.length === 0) return { ...held, nodes };
      await gather(record, nodes, held.scattered, signal);
    }
    return { kind: 'waiting', reason: 'the rows of some partitions could not be united at one node' };
  }

  /** Unites scattered rows at the first owner of each partition, so that this node can stand for it. */
  async function gather(
    record: OpenWindowRecord,
    nodes: readonly NodeId[],
    scattered: readonly Partition[],
    signal?: AbortSignal,
  ): Promise<void> {
    const context = rings.contextOf(record.scope);
    const byOwner = new Map<NodeId, Partition[]>();
    for (const partition of scattered) {
      const owner =
        rings
          .of(record.scope)
          .placement.owners(self.domain, partition)
          .find((node) => nodes.includes(node)) ?? at(nodes, 0);
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), partition]);
    }
    await Promise.all(
      [...byOwner].map(([owner, partitions]) =>
        callPeer(owner, operations.GATHER, { context, partitions }, signal),
      ),
    );
  }

  async function ready(
    record: OpenWindowRecord,
    settlement: Uint8Array,
    signal?: AbortSignal,
  ): Promise<ReadyResponse> {
    // Acting on a slot only after reading it oneself: the word of a coordinator proves nothing.
    const known = await decisions.look(record, 'settlement', signal);
    if (known === null || !equalBytes(digestOfSlot(known.bytes), settlement)) {
      return { ready: false, reason: 'the settlement is not readable at a majority', missing: [] };
    }
    const held = await hold(record, known.value.partitions, [], signal);
    if (held.kind === 'waiting') return { ready: false, reason: held.reason, missing: [] };
    if (held.missing.length <= EXCLUDED_MAX) return { ready: true, reason: '', missing: held.missing };
    return { ready: false, reason: `more than ${EXCLUDED_MAX} rows are missing`, missing: [] };
  }

  return { hold, ready };
}

/** The name of a decided settlement in READY and in slot 2. */
export function digestOfSlot(bytes: Uint8Array): Uint8Array {
  return longHash('settlement', bytes);
}
