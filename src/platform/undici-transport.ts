import { setMaxListeners } from 'node:events';
import { createSecureContext } from 'node:tls';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { concat, EngineError, systemCode, untilAborted } from '../foundation/index.ts';
import type { Transport, TransportRequest, TransportResponse } from '../ports/index.ts';
import { noAnswer } from './no-answer.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './transport-limits.ts';
import { sameTarget, type TransportTarget } from './transport-target.ts';

export interface UndiciTransportOptions {
  /** @throws EngineError when the ring document does not list the node. */
  readonly targets: (nodeId: string) => TransportTarget;
  readonly limits?: Partial<TransportLimits>;
}

interface Connection {
  readonly target: TransportTarget;
  readonly pool: Pool;
  inFlight: number;
}

/**
 * The network between clients and nodes over kept-alive HTTPS: one pool of connections per node, TLS 1.3 only, whose single trust anchor
 * is the certificate authority of that node's domain. No byte of a request leaves before the server has proved
 * to belong to the domain the request is meant for.
 *
 * `send` rejects with the signal's reason when that aborts, which ends the waiting and not the exchange; with
 * `UNREACHABLE` when no whole answer came in time; and with `OVERLOADED` before anything is sent when too many
 * requests wait for one node.
 */
export function createUndiciTransport(options: UndiciTransportOptions): Transport {
  const limits = { ...TRANSPORT_LIMITS, ...options.limits };
  const connections = new Map<string, Connection>();
  const retired = new Set<Pool>();
  let closing: Promise<void> | undefined;
  /** Ends the connections that are still being opened: a pool only forgets them, and a node that stands still keeps its caller. */
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);

  function connectionTo(nodeId: string): Connection {
    const target = options.targets(nodeId);
    const known = connections.get(nodeId);
    if (known !== undefined && sameTarget(known.target, target)) return known;
    if (known !== undefined) retire(known.pool);
    const fresh = { target, pool: openPool(target, limits, ending.signal), inFlight: 0 };
    connections.set(nodeId, fresh);
    return fresh;
  }

  /** A ring document has moved the node or changed its authority: what is in flight may still end. */
  function retire(pool: Pool): void {
    retired.add(pool);
    const forget = () => retired.delete(pool);
    pool.close().then(forget, forget);
  }

  async function destroyPools(): Promise<void> {
    const pools = [...retired, ...[...connections.values()].map(({ pool }) => pool)];
    await Promise.all(pools.map((pool) => pool.destroy()));
    ending.abort();
  }

  return {
    async send(nodeId, request, { timeoutMs, signal, onNeverSent }) {
      signal?.throwIfAborted();
      if (closing !== undefined) throw new EngineError('UNREACHABLE', 'the transport is closed');
      const connection = connectionTo(nodeId);
      if (connection.inFlight >= limits.requestsPerNodeMax) {
        onNeverSent?.();
        throw new EngineError(
          'OVERLOADED',
          `expected at most ${limits.requestsPerNodeMax} requests in flight to node ${nodeId}`,
        );
      }
      const answer = exchange(nodeId, connection, request, timeoutMs, onNeverSent);
      return signal === undefined ? answer : untilAborted(answer, signal);
    },
    close() {
      closing ??= destroyPools();
      return closing;
    },
  };
}

/** Causes that only the opening of a connection has: a request that was under way is failed by others, and not sent again. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Why an exchange is broken off; one for all, because one with a stack for each would cost more than all else. */
const OVERDUE = new Error('no answer in time');

function openPool(target: TransportTarget, limits: TransportLimits, ending: AbortSignal): Pool {
  return new Pool(target.origin, {
    connections: limits.connectionsPerNodeMax,
    pipelining: 1,
    keepAliveTimeout: limits.keepAliveMs,
    maxResponseSize: limits.responseBytesMax,
    // Every request has its own deadline over the whole exchange, see exchange().
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connectorTo(target, limits, ending),
  });
}

/** Reads the authority's certificate once: while a node is away, doing so for every attempt is most of the work. */
function connectorTo(
  target: TransportTarget,
  limits: TransportLimits,
  signal: AbortSignal,
): buildConnector.connector {
  let connector: buildConnector.connector | undefined;
  return (options, callback) => {
    connector ??= buildConnector({
      timeout: limits.connectMs,
      signal,
      secureContext: createSecureContext({ ca: target.trust, minVersion: 'TLSv1.3' }),
      rejectUnauthorized: true,
      // Node does not check a resumed session's certificate again, so a replaced one would go on being trusted.
      maxCachedSessions: 0,
    });
    connector(options, callback);
  };
}

/** Handed to the pool as it is: its own request() makes a stream of every answer, and a signal and promises besides. */
function exchange(
  nodeId: string,
  connection: Connection,
  request: TransportRequest,
  timeoutMs: number,
  onNeverSent: (() => void) | undefined,
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    let begun: Dispatcher.DispatchController | undefined;
    let overdue = false;
    let status = 0;
    let contentType = '';
    const chunks: Uint8Array[] = [];
    const timer = setTimeout(() => {
      overdue = true;
      // What waits for a connection is broken off when it gets one.
      begun?.abort(OVERDUE);
      reject(noAnswer(nodeId, 'TIMEOUT'));
    }, timeoutMs);
    const end = () => {
      clearTimeout(timer);
      connection.inFlight--;
    };
    connection.inFlight++;
    connection.pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: headersOf(request),
        body: request.method === 'GET' ? null : request.body,
      },
      {
        onRequestStart(controller) {
          begun = controller;
          if (overdue) controller.abort(OVERDUE);
        },
        onResponseStart(_controller, statusCode, headers) {
          status = statusCode;
          const type = headers['content-type'];
          contentType = typeof type === 'string' ? type : '';
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          end();
          resolve({ status, body: whole(chunks), contentType });
        },
        onResponseError(_controller, error) {
          end();
          const cause = overdue ? 'TIMEOUT' : systemCode(error);
          if (NEVER_CONNECTED.has(cause)) onNeverSent?.();
          reject(noAnswer(nodeId, cause));
        },
      },
    );
  });
}

/** A body as the core knows bytes; nothing else holds on to what the socket has read. */
function whole(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first === undefined || chunks.length > 1) return concat(...chunks);
  return new Uint8Array(first.buffer, first.byteOffset, first.length);
}

function headersOf({ contentType, token }: TransportRequest): string[] {
  const headers = contentType === '' ? [] : ['content-type', contentType];
  if (token !== undefined) headers.push('authorization', `Bearer ${token}`);
  return headers;
}
