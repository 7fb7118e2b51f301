import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { RosterHead } from '../../src/protocol/roster-messages.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { createStop } from '../../src/rounds/stop.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { CallPeer, Peers } from '../engine/peers.ts';
import { silence, UPLOAD_TIMEOUT_MS } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Roster, StoredBatch } from './roster.ts';

/** Nodes that are told of a new batch by each node that gets one; told in turn, they reach every node of a large ring. */
const TOLD_MAX = 16;

export interface RosterSpreadComponents {
  readonly roster: Roster;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly peers: Pick<Peers, 'suspected'>;
  readonly clock: Clock;
  readonly lock: KeyedLock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/** Brings the authorities' logs from node to node. They are signed, so any node of any domain is a source. */
export interface RosterSpread {
  /** PUT_ROSTER: keeps the batch and tells other nodes. */
  put(document: string): Promise<RosterHead>;
  /** ROSTER_NEWS: fetches what this node lacks from the teller, and tells others. */
  hear(from: NodeId, news: RosterHead): Promise<RosterHead>;
  /** Fetches what this node lacks of every log it trusts. @throws EngineError when the node does not answer */
  fetch(from: NodeId, signal?: AbortSignal): Promise<void>;
  /**
   * Asks all other nodes of the domain what this one lacks, after the call, and not once for each of many calls.
   * @returns whether all of them answered in the time of an upload: what any of them had accepted before is here then.
   */
  catchUp(): Promise<boolean>;
  /**
   * Takes over from another node of the domain when it accepted batches that this one dates behind `at`: in their order, up to
   * the first that it dates there too, because a node accepts a log in its order. @throws EngineError when it does not answer
   */
  date(from: NodeId, batches: readonly RosterHead[], at: number): Promise<void>;
  /** Asks one other node, by lot: news that went lost is made up for. */
  run(signal: AbortSignal): Promise<void>;
}

export function createRosterSpread(components: RosterSpreadComponents): RosterSpread {
  const { roster, rings, self, callPeer, lock, randomBytes, log } = components;
  const catchUp = createCatchUp(components, fetchMissing);

  function byLot(count: number): readonly NodeId[] {
    const nodes = rings.newest().domains.flatMap((section) => section.nodes.map(({ id }) => id));
    const left = nodes.filter((id) => id !== self.nodeId);
    const drawn: NodeId[] = [];
    while (drawn.length < count && left.length > 0) {
      const [high = 0, low = 0] = randomBytes(2);
      drawn.push(...left.splice((high * 256 + low) % left.length, 1));
    }
    return drawn;
  }

  function headOf(authority: string): RosterHead {
    return { authority, sequence: roster.newest(authority) };
  }

  function tell(authority: string): void {
    for (const node of byLot(TOLD_MAX)) {
      callPeer(node, operations.ROSTER_NEWS, headOf(authority)).catch((error: unknown) => {
        if (!(error instanceof EngineError)) throw error;
        log.debug('a node did not take the news of the roster', { to: node, code: error.code });
      });
    }
  }

  /** One fetch of a log at a time: after the first, the others find nothing left to carry. */
  function fetchLog(from: NodeId, authority: string, signal?: AbortSignal): Promise<void> {
    return lock.run(`roster-fetch/${authority}`, async () => {
      for (;;) {
        const wanted = { authority, sequence: roster.newest(authority) + 1 };
        const { batch } = await callPeer(from, operations.ROSTER_BATCH, wanted, signal);
        if (batch === null || !(await took(from, batch))) return;
      }
    });
  }

  /** One look at the node's log first: who waits for it must not wait for what others carry, from a node that hangs. */
  async function fetchMissing(from: NodeId): Promise<void> {
    for (const authority of roster.authorities) {
      const wanted = { authority, sequence: roster.newest(authority) + 1 };
      const { batch } = await callPeer(from, operations.ROSTER_BATCH, wanted);
      if (batch !== null) await fetchLog(from, authority);
    }
  }

  /** A node that hands out another log, or none at all, must not keep this one from starting. */
  async function took(from: NodeId, { document, acceptedAt }: StoredBatch): Promise<boolean> {
    // What a node of this domain has accepted, the domain has; on anybody else's word of when, an authority could
    // date its sensors back.
    const own = rings.livingNodesOf(self.domain).includes(from);
    try {
      await roster.put(document, own ? acceptedAt : undefined);
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'STORE_FAILED') throw error;
      log.error('the roster of another node does not continue this one', { from, code: error.code });
      return false;
    }
  }

  async function fetch(from: NodeId, signal?: AbortSignal): Promise<void> {
    for (const authority of roster.authorities) await fetchLog(from, authority, signal);
  }

  return {
    fetch,
    catchUp,
    async date(from, batches, at) {
      const over = new Set<string>();
      for (const wanted of batches.toSorted((a, b) => a.sequence - b.sequence)) {
        if (over.has(wanted.authority)) continue;
        const { batch } = await callPeer(from, operations.ROSTER_BATCH, wanted);
        if (batch === null || batch.acceptedAt > at || !(await took(from, batch))) over.add(wanted.authority);
      }
    },
    async put(document) {
      const { grew, ...head } = await roster.put(document);
      if (grew) tell(head.authority);
      return head;
    },
    async hear(from, { authority, sequence }) {
      const before = roster.newest(authority);
      if (!roster.authorities.includes(authority) || sequence <= before) return headOf(authority);
      await fetchLog(from, authority);
      if (roster.newest(authority) > before) tell(authority);
      return headOf(authority);
    },
    async run(signal) {
      if (roster.authorities.length === 0) return;
      for (const node of byLot(1)) await fetch(node, signal);
    },
  };
}

/** Rounds of questions to the domain, one at a time; whoever comes during one waits for the next. */
function createCatchUp(
  { rings, self, peers, clock }: RosterSpreadComponents,
  fetchMissing: (from: NodeId) => Promise<void>,
): RosterSpread['catchUp'] {
  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;

  async function hears(node: NodeId): Promise<boolean> {
    if (peers.suspected(node)) return false;
    const heard = await fetchMissing(node).then(() => true, silence);
    return heard ?? false;
  }

  async function askAll(): Promise<boolean> {
    const others = rings.livingNodesOf(self.domain).filter((node) => node !== self.nodeId);
    const done = createStop();
    const late = clock.sleep(UPLOAD_TIMEOUT_MS, done.signal).then(
      () => false,
      () => false,
    );
    const all = Promise.all(others.map(hears)).then((answers) => !answers.includes(false));
    return Promise.race([all, late]).finally(() => done.stop(CAUGHT_UP));
  }

  function begin(): Promise<boolean> {
    running = askAll().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    if (running === undefined) return begin();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return begin();
      });
    return next;
  };
}

/** Why a wait ends; one for all, because the platform would make one with a stack for each. */
const CAUGHT_UP = new DOMException('the domain has answered', 'AbortError');
