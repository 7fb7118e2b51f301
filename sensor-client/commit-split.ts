import type { EngineError, ErrorCode } from '../src/foundation/index.ts';
import { hasCode, invariant } from '../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../src/ports/index.ts';
import type { FlagKey, MessageContext, WindowScope } from '../src/protocol/index.ts';
import type { DomainId, NodeId, WindowId } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { runRound } from '../src/rounds/run-round.ts';
import type { UploadCall, UploadOut, UploadReply } from '../src/rounds/upload.ts';
import { uploadRound } from '../src/rounds/upload.ts';
import type { Directory } from './directory.ts';
import type { FlagCalls, Parcel, Target } from './flag-calls.ts';
import { BACK_OFF, UNOPENED_MS } from './limits.ts';
import { isStuck } from './live-partitions.ts';
import type { RingView } from './ring-book.ts';
import type { SilentNodes } from './silent-nodes.ts';
import { silentLast } from './silent-nodes.ts';

export interface SplitContext {
  readonly directory: Directory;
  readonly calls: FlagCalls;
  readonly silent: SilentNodes;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly domains: readonly DomainId[];
}

/** One split of one reading: its key, its shares, and whether its flag may have been SET. */
export interface Split {
  readonly key: FlagKey;
  /** The reading alone; its share j belongs to the stream's domain j and is sent nowhere else. */
  readonly parcel: Parcel;
  /** What domain j answered for share j, once it did. */
  readonly receipts: Map<number, Uint8Array>;
  setSent: boolean;
  /** What last failed of it in the company of others. */
  readonly lastFailure?: ErrorCode | null;
}

/**
 * Runs the two-phase commit of one split. `split.setSent` turns true before the first SET leaves, so that an
 * aborted caller knows what it may still become.
 * @param movable whether a SET that nobody could decide is kept back, for the reading to go under another id.
 */
export function commitSplit(
  context: SplitContext,
  split: Split,
  deadlineMs: number,
  movable: boolean,
  signal: AbortSignal,
): Promise<UploadOut> {
  const { directory, domains, silent } = context;
  // Once for the whole round, which takes one place in the list for one node.
  const last = silent.now();
  const partition = partitionOf(split.key.readingId);
  const { placement } = directory.view(split.key.window);
  const round = uploadRound({
    acceptors: placement.acceptors(domains, partition).length,
    domains: domains.length,
    owners: Math.max(...domains.map((domain) => placement.owners(domain, partition).length)),
    backOff: BACK_OFF,
    deadlineMs,
    setSent: split.setSent,
    // In the company of others it was waited for already.
    unopenedMs:
      split.lastFailure === 'WINDOW_NOT_OPEN'
        ? 0
        : unopenedMsOf(split.key.window, context.clock.now(), deadlineMs),
  });
  /** Of each domain what its owners were asked so far: an answer that is late is as good. */
  const uploads = domains.map((): Promise<UploadReply>[] => []);
  const perform = async (call: UploadCall): Promise<UploadReply> => {
    if (call.kind === 'set') {
      if (movable && !split.setSent && isStuck(context, split.key.window, partition)) return 'UNSENT';
      split.setSent = true;
    }
    if (call.kind === 'upload' && split.receipts.has(call.domain)) return 'STORED';
    return onNewestRing(
      directory,
      split.key.window,
      ({ placement }) =>
        call.kind === 'upload'
          ? pick(silentLast(placement.owners(domainOf(domains, call.domain), partition), last), call.owner)
          : pick(silentLast(placement.acceptors(domains, partition), last), call.acceptor),
      (node, view) => {
        const to = { node, context: messageContext(split.key, view) };
        const acceptors = view.placement.acceptors(domains, partition);
        const asked = send(context.calls, to, acceptors, split, call);
        if (call.kind !== 'upload') return silent.waitLone(node, asked, call.acceptor);
        const before = uploads[call.domain] ?? [];
        const answer = orEarlier(silent.waitLone(node, asked, call.owner), before);
        before.push(asked);
        return answer;
      },
    );
  };
  return runRound(round, { perform, clock: context.clock, randomBytes: context.randomBytes }, signal);
}

/** How long it is worth asking for a window that is not open: where it begins within the deadline, until then and a little more. */
export function unopenedMsOf(window: WindowId, nowMs: number, deadlineMs: number): number {
  const beginsInMs = Math.max(0, window - nowMs);
  return UNOPENED_MS + (beginsInMs < deadlineMs ? beginsInMs : 0);
}

/** What stands in front of every message about a window. */
export function messageContext(scope: WindowScope, { ring, placementEpoch }: RingView): MessageContext {
  const { stream, window, group } = scope;
  return { epoch: ring.epoch, placementEpoch, stream, window, group };
}

/**
 * Asks a node, and once more under the newest ring document when the node says that ours is not.
 * @throws EngineError of the second answer where the document did change, else of the first
 */
export async function onNewestRing<T>(
  directory: Directory,
  window: WindowId,
  choose: (view: RingView) => NodeId,
  ask: (node: NodeId, view: RingView) => Promise<T>,
): Promise<T> {
  const view = directory.view(window);
  const node = choose(view);
  try {
    return await ask(node, view);
  } catch (error) {
    if (!hasCode(error, 'STALE_EPOCH', 'WRONG_NODE')) throw error;
    const newest = await newestRing(directory, window, view, node, error);
    return ask(choose(newest), newest);
  }
}

async function newestRing(
  directory: Directory,
  window: WindowId,
  stale: RingView,
  node: NodeId,
  error: EngineError,
): Promise<RingView> {
  // Another reading may have fetched it while this one waited for its answer.
  if (directory.newest() === stale.ring) await directory.refresh(node);
  if (directory.newest() === stale.ring) throw error;
  return directory.view(window);
}

/** What is asked now, or what was asked before where that answers first. */
function orEarlier<T>(asked: Promise<T>, earlier: readonly Promise<T>[]): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.then(resolve, reject);
    for (const one of earlier) one.then(resolve, () => {});
  });
}

async function send(
  calls: FlagCalls,
  to: Target,
  acceptors: readonly NodeId[],
  { key, parcel, receipts }: Split,
  call: UploadCall,
): Promise<UploadReply> {
  switch (call.kind) {
    case 'set':
      return calls.set(to, acceptors, {
        parcel,
        receipts: parcel.shares.map((_, i) => received(receipts, i)),
      });
    case 'get':
      return calls.get(to, { readingId: key.readingId, sensorId: key.sensorId, count: key.count });
    case 'upload': {
      const stored = await calls.upload(to, call.domain, parcel);
      if (stored.answer === 'STORED') receipts.set(call.domain, stored.receipt);
      return stored.answer;
    }
  }
}

function received(receipts: ReadonlyMap<number, Uint8Array>, domain: number): Uint8Array {
  const receipt = receipts.get(domain);
  invariant(receipt !== undefined, 'SET comes after every share is stored');
  return receipt;
}

export function domainOf(domains: readonly DomainId[], index: number): DomainId {
  const domain = domains[index];
  invariant(domain !== undefined, 'a domain of the stream');
  return domain;
}

/** The node that is asked at this turn. */
export function pick(nodes: readonly NodeId[], turn: number): NodeId {
  const node = nodes[turn % nodes.length];
  invariant(node !== undefined, 'a partition has nodes');
  return node;
}
