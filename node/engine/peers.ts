import { EngineError, invariant } from '../../src/foundation/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import type { MessageContext, Operation, WindowScope } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, RingDocument } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import type { Caller } from '../http/router.ts';

/** How long a node waits for another one's answer before it counts it as silent. */
export const PEER_TIMEOUT_MS = 5_000;

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

export interface PeersComponents {
  readonly transport: Transport;
  readonly handlers: Handlers;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
}

export function createCallPeer({ transport, handlers, self }: PeersComponents): CallPeer {
  const never = new AbortController().signal;
  return (to, operation, request, signal) => {
    if (to !== self.nodeId) {
      const options =
        signal === undefined ? { timeoutMs: PEER_TIMEOUT_MS } : { timeoutMs: PEER_TIMEOUT_MS, signal };
      return callOperation(transport, to, operation, request, options);
    }
    const caller: Caller = { kind: 'peer', domain: self.domain, node: self.nodeId };
    return handlers.find(operation)(request, caller, signal ?? never);
  };
}

/** What stands in front of every message about a window under the given ring document. */
export function contextOf(ring: RingDocument, scope: WindowScope): MessageContext {
  const { stream, window, group } = scope;
  return { epoch: ring.epoch, placementEpoch: ring.epoch, stream, window, group };
}

/** Refuses a message of another ring document. @throws EngineError `STALE_EPOCH` */
export function checkEpoch(ring: RingDocument, context: MessageContext): void {
  if (context.epoch === ring.epoch && context.placementEpoch === ring.epoch) return;
  throw new EngineError('STALE_EPOCH', `expected epoch ${ring.epoch}, got ${context.epoch}`, {
    epoch: ring.epoch,
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
