import { EngineError, hasCode, invariant } from '../../src/foundation/index.ts';
import type { Clock, Transport } from '../../src/ports/index.ts';
import type { MessageContext, Operation } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { callOperation, createWatchfulTransport } from '../../src/rounds/index.ts';
import type { Caller } from '../http/router.ts';
import type { PeerMemory, StoreStamp } from './peer-memory.ts';
import { stampOf } from './peer-memory.ts';
import type { Rings } from './rings.ts';

/** How long a node waits for another one's answer before it counts it as silent. */
export const PEER_TIMEOUT_MS = 5_000;
/**
 * The same on the path of an upload, where a sensor waits: readings of others go on within a second after a node
 * began to hang.
 */
export const UPLOAD_TIMEOUT_MS = 500;
/**
 * The same for owners and acceptors that are asked on behalf of a sensor. Another one has been asked by then where one is
 * late, so that one that hangs keeps nobody waiting; and in a crowd of sensors, where all are slow, none is given up.
 */
export const RELAYED_TIMEOUT_MS = 2_000;
/** The same for questions that read every row of a window. */
export const SCAN_TIMEOUT_MS = 60_000;
/** How long a node that did not answer is passed over for copies before it is tried again. */
export const SUSPECT_MS = 2_000;

export type Handler<Q, R> = (request: Q, caller: Caller, signal: AbortSignal) => Promise<R>;

/** The operations this node serves, by method and path. */
export interface Handlers {
  add<Q, R>(operation: Operation<Q, R>, handler: Handler<Q, R>): void;
  find<Q, R>(operation: Operation<Q, R>): Handler<Q, R>;
  all(): readonly Operation<unknown, unknown>[];
}

export function createHandlers(): Handlers {
  const served = new Map<
    string,
    { operation: Operation<unknown, unknown>; handler: Handler<unknown, unknown> }
  >();
  const nameOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;
  return {
    add(operation, handler) {
      served.set(nameOf(operation), { operation, handler } as never);
    },
    find(operation) {
      const found = served.get(nameOf(operation));
      if (found === undefined)
        throw new EngineError('UNKNOWN_OPERATION', `no operation ${nameOf(operation)}`);
      return found.handler as never;
    },
    all: () => [...served.values()].map(({ operation }) => operation),
  };
}

/** Asks a node of the ring, this one included: a node is a peer of itself, without the detour over the network. */
export type CallPeer = <Q, R>(
  to: NodeId,
  operation: Operation<Q, R>,
  request: Q,
  signal?: AbortSignal,
) => Promise<R>;

/** Operations a sensor waits for. */
const ON_UPLOAD_PATH: readonly string[] = [
  operations.VOTE.path,
  operations.COPY.path,
  operations.COMMITTED.path,
];
/** Operations that read a whole window. */
const SCANS: readonly string[] = [
  operations.FREEZE.path,
  operations.READY.path,
  operations.HELD.path,
  operations.SUM.path,
  operations.SENSORS.path,
  operations.GATHER.path,
  operations.INVENTORY.path,
];

function timeoutOf(path: string): number {
  if (path === operations.UPLOAD.path || path === operations.ACCEPT.path) return RELAYED_TIMEOUT_MS;
  if (ON_UPLOAD_PATH.includes(path)) return UPLOAD_TIMEOUT_MS;
  return SCANS.includes(path) ? SCAN_TIMEOUT_MS : PEER_TIMEOUT_MS;
}

export interface PeersComponents {
  readonly transport: Transport;
  readonly handlers: Handlers;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly clock: Clock;
  readonly memory: PeerMemory;
  readonly rings: Rings;
  /** Exchanges ring documents with a node that uses others. */
  readonly meet: (node: NodeId) => Promise<void>;
}

/** The other nodes as this one sees them. */
export interface Peers {
  readonly callPeer: CallPeer;
  /** Whether the node was silent when it was last asked, a short while ago; a hint, never a fact. */
  suspected(node: NodeId): boolean;
  /** A node that asks this one is evidently not silent. */
  heard(node: NodeId): void;
  /** A node has told how far its store is. @throws EngineError `STALE_EPOCH` of a store that no document here gives it */
  note(node: NodeId, stamp: StoreStamp): void;
}

export function createPeers(components: PeersComponents): Peers {
  const { handlers, self, clock, memory, rings, meet } = components;
  const transport = createWatchfulTransport(components.transport, clock);
  const never = new AbortController().signal;
  const silentUntil = new Map<NodeId, number>();

  /** A node may name what it likes; of stores that no document gives it a row each would be kept for ever. */
  function note(node: NodeId, stamp: StoreStamp): boolean {
    const isKnown = rings.isStore(node, stamp.storeId);
    if (isKnown) memory.note(node, stamp);
    return isKnown;
  }

  async function callOther<Q, R>(
    to: NodeId,
    operation: Operation<Q, R>,
    request: Q,
    signal?: AbortSignal,
  ): Promise<R> {
    const timeoutMs = timeoutOf(operation.path);
    // One question finds out whether a silent node is back; what waits for it must not be every upload meanwhile.
    if (silentUntil.has(to)) silentUntil.set(to, clock.now() + SUSPECT_MS);
    try {
      const onAnswer = (contentType: string): void => {
        const stamp = stampOf(contentType);
        if (stamp !== null) note(to, stamp);
      };
      const options = signal === undefined ? { timeoutMs, onAnswer } : { timeoutMs, onAnswer, signal };
      const answer = await callOperation(transport, to, operation, request, options);
      silentUntil.delete(to);
      return answer;
    } catch (thrown) {
      const error = hasCode(thrown, 'STORE_FAILED') ? stopping(to, thrown) : thrown;
      // A node that starts takes no copies either.
      if (hasCode(error, 'UNREACHABLE', 'NOT_READY')) silentUntil.set(to, clock.now() + SUSPECT_MS);
      else if (error instanceof EngineError) silentUntil.delete(to);
      throw error;
    }
  }

  /** Once more after the two have the same documents, as long as these still place the window as the request says. */
  async function callOnNewestRing<Q, R>(
    to: NodeId,
    operation: Operation<Q, R>,
    request: Q,
    signal?: AbortSignal,
  ): Promise<R> {
    try {
      return await callOther(to, operation, request, signal);
    } catch (error) {
      const asked = contextIn(request);
      if (!hasCode(error, 'STALE_EPOCH') || asked === null) throw error;
      await meet(to);
      const context = rings.contextOf(asked);
      if (context.placementEpoch !== asked.placementEpoch) throw error;
      return callOther(to, operation, { ...request, context }, signal);
    }
  }

  return {
    callPeer(to, operation, request, signal) {
      if (to !== self.nodeId) return callOnNewestRing(to, operation, request, signal);
      const caller: Caller = { kind: 'peer', domain: self.domain, node: self.nodeId };
      return handlers.find(operation)(request, caller, signal ?? never);
    },
    suspected: (node) => (silentUntil.get(node) ?? 0) > clock.now(),
    heard: (node) => void silentUntil.delete(node),
    note(node, stamp) {
      if (note(node, stamp)) return;
      // Who believed it to be kept would tell a sensor of votes to which nobody could hold its store.
      throw new EngineError(
        'STALE_EPOCH',
        `expected a store that a ring document gives node ${node}, got ${stamp.storeId}`,
      );
    },
  };
}

/** A node whose disk has failed stops. Its code would say here that this node's own disk has. */
function stopping(node: NodeId, cause: EngineError): EngineError {
  return new EngineError(
    'UNREACHABLE',
    `the disk of node ${node} has failed and the node stops`,
    {},
    { cause },
  );
}

/** The context of a message about a window; null for any other. */
export function contextIn(request: unknown): MessageContext | null {
  if (typeof request !== 'object' || request === null || !('context' in request)) return null;
  return request.context as MessageContext;
}

/**
 * Waits for answers until they are enough or all are in, so that one hung node does not hold up a question
 * that a majority has answered. Null stands for a node that did not answer.
 */
export function collect<T>(
  asked: readonly Promise<T | null>[],
  enough: (answers: readonly T[]) => boolean,
): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const answers: T[] = [];
    let left = asked.length;
    if (left === 0) resolve(answers);
    for (const one of asked) {
      one.then((answer) => {
        left -= 1;
        if (answer !== null) answers.push(answer);
        if (left === 0 || enough(answers)) resolve([...answers]);
      }, reject);
    }
  });
}

/** The node a round means by a number. */
export function at<T>(items: readonly T[], place: number): T {
  const item = items[place];
  invariant(item !== undefined, 'a round names only what it was given');
  return item;
}

/** Null for a node that does not answer; a failure of this node's own disk is not to be hidden behind it. */
export function silence(error: unknown): null {
  if (error instanceof EngineError && error.code !== 'STORE_FAILED') return null;
  throw error;
}
