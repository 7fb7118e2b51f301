import { createSecureContext } from 'node:tls';
import { buildConnector, Pool } from 'undici';
import { EngineError, systemCode } from '../foundation/index.ts';
import type { Transport, TransportRequest, TransportResponse } from '../ports/index.ts';
import { noAnswer } from './no-answer.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './transport-limits.ts';
import { sameTarget, type TransportTarget } from './transport-target.ts';
import { untilAborted } from './until-aborted.ts';

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

  function connectionTo(nodeId: string): Connection {
    const target = options.targets(nodeId);
    const known = connections.get(nodeId);
    if (known !== undefined && sameTarget(known.target, target)) return known;
    if (known !== undefined) retire(known.pool);
    const fresh = { target, pool: openPool(target, limits), inFlight: 0 };
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
      connection.inFlight++;
      const answer = exchange(nodeId, connection.pool, request, timeoutMs, onNeverSent).finally(() => {
        connection.inFlight--;
      });
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

function openPool(target: TransportTarget, limits: TransportLimits): Pool {
  return new Pool(target.origin, {
    connections: limits.connectionsPerNodeMax,
    pipelining: 1,
    keepAliveTimeout: limits.keepAliveMs,
    maxResponseSize: limits.responseBytesMax,
    // Every request has its own deadline over the whole exchange, see exchange().
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connectorTo(target, limits),
  });
}

/** Reads the authority's certificate once: while a node is away, doing so for every attempt is most of the work. */
function connectorTo(target: TransportTarget, limits: TransportLimits): buildConnector.connector {
  let connector: buildConnector.connector | undefined;
  return (options, callback) => {
    connector ??= buildConnector({
      timeout: limits.connectMs,
      secureContext: createSecureContext({ ca: target.trust, minVersion: 'TLSv1.3' }),
      rejectUnauthorized: true,
      // Node does not check a resumed session's certificate again, so a replaced one would go on being trusted.
      maxCachedSessions: 0,
    });
    connector(options, callback);
  };
}

async function exchange(
  nodeId: string,
  pool: Pool,
  request: TransportRequest,
  timeoutMs: number,
  onNeverSent: (() => void) | undefined,
): Promise<TransportResponse> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await pool.request({
      method: request.method,
      path: request.path,
      headers: headersOf(request),
      body: request.method === 'GET' ? null : request.body,
      signal: controller.signal,
    });
    const contentType = response.headers['content-type'];
    return {
      status: response.statusCode,
      body: await response.body.bytes(),
      contentType: typeof contentType === 'string' ? contentType : '',
    };
  } catch (error) {
    const cause = controller.signal.aborted ? 'TIMEOUT' : systemCode(error);
    if (NEVER_CONNECTED.has(cause)) onNeverSent?.();
    throw noAnswer(nodeId, cause);
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(request: TransportRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  if (request.contentType !== '') headers['content-type'] = request.contentType;
  if (request.token !== undefined) headers.authorization = `Bearer ${request.token}`;
  return headers;
}
