import { EngineError, utf8 } from '../../src/foundation/index.ts';
import type { Audience, MessageContext, Operation } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import type { Caller, Router, RouterResponse } from '../http/router.ts';
import type { Handlers } from './peers.ts';
import { contextIn } from './peers.ts';

/** COMPUTE reads every row of a window, AUDIT of all windows; everything else is over in the shell's own limit. */
const COMPUTE_TIMEOUT_MS = 120_000;

export interface RouterOptions {
  readonly handlers: Handlers;
  readonly self: { readonly domain: DomainId };
  readonly audiences: readonly Audience[];
  /** Refuses operations while the node does not serve them. @throws EngineError `NOT_READY` */
  readonly admit: (operation: Operation<unknown, unknown>, caller: Caller) => void;
  /** Refuses an answer made under ring documents that are no longer the newest. @throws EngineError `STALE_EPOCH` */
  readonly recheck: (context: MessageContext) => void;
  /** Adds to an answer's content type what the other side should remember of this store. */
  readonly stamp?: (contentType: string) => string;
}

/**
 * The operations of one port: who may ask is checked first, then the bytes are decoded, once. Peers are also
 * answered what is public, so that a node needs one kind of connection only.
 */
export function createRouter({ handlers, self, audiences, admit, recheck, stamp }: RouterOptions): Router {
  const served = handlers.all().filter(({ audience }) => audiences.includes(audience));
  const byName = new Map(served.map((operation) => [`${operation.method} ${operation.path}`, operation]));

  return {
    operations: () =>
      served.map(({ method, path, request, bodyBytesMax, scope }) => ({
        method,
        path,
        contentType: method === 'GET' ? '' : request.contentType,
        bodyBytesMax,
        ...(scope === 'compute' || scope === 'seal' || path === operations.AUDIT.path
          ? { timeoutMs: COMPUTE_TIMEOUT_MS }
          : {}),
      })),
    async handle(caller, request, signal): Promise<RouterResponse> {
      const operation = byName.get(`${request.method} ${request.path}`);
      if (operation === undefined) {
        throw new EngineError('UNKNOWN_OPERATION', `there is no operation ${request.method} ${request.path}`);
      }
      authorise(operation, caller, self.domain);
      admit(operation, caller);
      const asked = operation.request.decode(bodyOf(request.method, request.query, request.body));
      authoriseStream(operation, caller, asked);
      const answer = await handlers.find(operation)(asked, caller, signal);
      const context = contextIn(asked);
      if (context !== null) recheck(context);
      return {
        status: 200,
        body: operation.response.encode(answer),
        contentType: stamp?.(operation.response.contentType) ?? operation.response.contentType,
      };
    },
  };
}

/** @throws EngineError `UNAUTHENTICATED`, `FORBIDDEN` */
function authorise({ audience, scope }: Operation<unknown, unknown>, caller: Caller, domain: DomainId): void {
  switch (audience) {
    case 'public':
      return;
    case 'operator':
      if (caller.kind !== 'operator') {
        throw new EngineError('UNAUTHENTICATED', 'expected the token of an operator');
      }
      if (scope !== null && !caller.scopes.some((held) => held === scope || held.startsWith(`${scope}:`))) {
        throw new EngineError('FORBIDDEN', `expected a token with scope ${scope}`);
      }
      return;
    case 'peer':
      if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
      return;
    case 'domain':
      // What is made from shares never leaves its domain: with two domains a checksum of one share and the
      // other share together are the reading.
      if (caller.kind !== 'peer' || caller.domain !== domain) {
        throw new EngineError('FORBIDDEN', `expected a node of domain ${domain}`);
      }
  }
}

/**
 * A scope may name one stream, as in `seal:<hash>`; then it is good for requests that name the same one.
 * @throws EngineError `FORBIDDEN`
 */
function authoriseStream({ scope }: Operation<unknown, unknown>, caller: Caller, asked: unknown): void {
  if (scope === null || caller.kind !== 'operator' || caller.scopes.includes(scope)) return;
  const stream = typeof asked === 'object' && asked !== null ? Reflect.get(asked, 'stream') : undefined;
  if (typeof stream === 'string' && caller.scopes.includes(`${scope}:${stream}`)) return;
  throw new EngineError('FORBIDDEN', `expected a token with scope ${scope} for the stream asked about`);
}

/** A GET carries its request in the query; as JSON it passes the same codec as everything else. */
function bodyOf(method: string, query: Readonly<Record<string, string>>, body: Uint8Array): Uint8Array {
  if (method !== 'GET') return body;
  return Object.keys(query).length === 0 ? new Uint8Array(0) : utf8(JSON.stringify(query));
}
