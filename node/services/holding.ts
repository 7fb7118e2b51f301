import { equalBytes, labelledHash } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { PartitionDigest, ReadyResponse } from '../../src/protocol/index.ts';
import { operations, settlementCodec } from '../../src/protocol/index.ts';
import { EXCLUDED_MAX } from '../../src/protocol/limits.ts';
import type { DomainId, NodeId, RingDocument } from '../../src/ring/index.ts';
import type { Held } from '../../src/rounds/index.ts';
import { holdRound, runRound } from '../../src/rounds/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at, contextOf } from '../engine/peers.ts';
import type { Decisions } from './decisions.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface HoldingComponents {
  readonly decisions: Decisions;
  readonly ring: RingDocument;
  readonly self: { readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** What this node's domain holds of T, found by asking all its nodes (DESIGN section 7, lines 5 and 6). */
export interface Holding {
  /** Which nodes stand for T without `excluded`, and what no node holds. */
  hold(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: ReadyResponse['missing'],
    signal?: AbortSignal,
  ): Promise<Held>;
  /** The domain's READY for the settlement of the given digest. */
  ready(record: OpenWindowRecord, settlement: Uint8Array, signal?: AbortSignal): Promise<ReadyResponse>;
}

export function createHolding({
  decisions,
  ring,
  self,
  callPeer,
  clock,
  randomBytes,
}: HoldingComponents): Holding {
  function hold(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: ReadyResponse['missing'],
    signal?: AbortSignal,
  ): Promise<Held> {
    const nodes = nodesOf(ring, self.domain);
    const context = contextOf(ring, record.scope);
    return runRound(
      holdRound({ nodes: nodes.length, partitions, excluded }),
      {
        perform: ({ node }, over) =>
          callPeer(at(nodes, node), operations.HELD, { context, partitions }, over),
        clock,
        randomBytes,
      },
      signal,
    );
  }

  async function ready(
    record: OpenWindowRecord,
    settlement: Uint8Array,
    signal?: AbortSignal,
  ): Promise<ReadyResponse> {
    // Acting on a slot only after reading it oneself: the word of a coordinator proves nothing.
    const known = await decisions.look(record, 'settlement', signal);
    if (known === null || !equalBytes(digestOfSlot(known), settlement)) {
      return { ready: false, reason: 'the settlement is not readable at a majority', missing: [] };
    }
    const held = await hold(record, settlementCodec.decode(known).partitions, [], signal);
    if (held.kind === 'waiting') return { ready: false, reason: held.reason, missing: [] };
    if (held.missing.length <= EXCLUDED_MAX) return { ready: true, reason: '', missing: held.missing };
    return { ready: false, reason: `more than ${EXCLUDED_MAX} rows are missing`, missing: [] };
  }

  return { hold, ready };
}

/** The nodes of a domain, in the order of the ring document. */
export function nodesOf(ring: RingDocument, domain: DomainId): readonly NodeId[] {
  return ring.domains.find((section) => section.domain === domain)?.nodes.map(({ id }) => id) ?? [];
}

/** The name of a decided settlement in READY and in slot 2. */
export function digestOfSlot(bytes: Uint8Array): Uint8Array {
  return labelledHash('settlement', bytes);
}
