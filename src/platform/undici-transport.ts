import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Pool } from 'undici';
import { EngineError } from '../foundation/index.ts';
import type { Transport, TransportRequest, TransportResponse } from '../ports/index.ts';
import { nodeIdentityOf } from './node-identity.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './transport-limits.ts';

/** Where a node is reached and what vouches for it, from the ring document. */
export interface TransportTarget {
  /** `https://host:port`. */
  readonly origin: string;
  /** PEM of the certificate authority of the node's domain: the only one its certificate may come from. */
  readonly trust: string;
  /** Id of the node's domain. */
  readonly pool: string;
}

export interface UndiciTransportOptions {
  /** @throws EngineError when the ring document does not list the node. */
  readonly targets: (nodeId: string) => TransportTarget;
  /**
   * The node's own certificate and key, in PEM. With it the transport speaks to peer ports, and the server's
   * certificate must carry the name `mcloud://<domain>/<node>` besides its host name.
   */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly limits?: Partial<TransportLimits>;
}

interface Connection {
  readonly target: TransportTarget;
  readonly pool: Pool;
  inFlight: number;
}

/**
 * The network over kept-alive HTTPS: one pool of connections per node, TLS 1.3 only, whose single trust anchor
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
    const fresh = { target, pool: openPool(nodeId, target, options, limits), inFlight: 0 };
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
    async send(nodeId, request, { timeoutMs, signal }) {
      signal?.throwIfAborted();
      if (closing !== undefined) throw new EngineError('UNREACHABLE', 'the transport is closed');
      const connection = connectionTo(nodeId);
      if (connection.inFlight >= limits.requestsPerNodeMax) {
        throw new EngineError(
          'OVERLOADED',
          `expected at most ${limits.requestsPerNodeMax} requests in flight to node ${nodeId}`,
        );
      }
      connection.inFlight++;
      const answer = exchange(nodeId, connection.pool, request, timeoutMs).finally(() => {
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

function openPool(
  nodeId: string,
  target: TransportTarget,
  options: UndiciTransportOptions,
  limits: TransportLimits,
): Pool {
  const identity = options.clientCertificate;
  return new Pool(target.origin, {
    connections: limits.connectionsPerNodeMax,
    pipelining: 1,
    keepAliveTimeout: limits.keepAliveMs,
    maxResponseSize: limits.responseBytesMax,
    // Every request has its own deadline over the whole exchange, see exchange().
    headersTimeout: 0,
    bodyTimeout: 0,
    // Node does not check a resumed session's certificate again, so a replaced one would go on being trusted.
    maxCachedSessions: 0,
    connect: {
      timeout: limits.connectMs,
      ca: target.trust,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
      checkServerIdentity: (host: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate) ??
        (identity === undefined ? undefined : checkNodeIdentity(nodeId, target, certificate)),
      ...(identity === undefined ? {} : { cert: identity.cert, key: identity.key }),
    },
  });
}

function checkNodeIdentity(
  nodeId: string,
  target: TransportTarget,
  certificate: PeerCertificate,
): Error | undefined {
  const found = nodeIdentityOf(certificate.subjectaltname);
  if (found?.domain === target.pool && found.node === nodeId) return undefined;
  return Object.assign(new Error('the server certificate does not name the expected node'), {
    code: 'WRONG_NODE_IDENTITY',
  });
}

async function exchange(
  nodeId: string,
  pool: Pool,
  request: TransportRequest,
  timeoutMs: number,
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
    const cause = controller.signal.aborted ? 'TIMEOUT' : causeCode(error);
    throw new EngineError('UNREACHABLE', `no answer from node ${nodeId}: ${cause}`, { node: nodeId, cause });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The answer, or the signal's reason where that aborts first. The exchange itself goes on to its answer or its
 * time: HTTP/1.1 can only break it off with its connection, and a round that has heard a majority aborts the rest
 * each time, so that every flag would cost a TLS handshake, a hundred times the price of an unread answer.
 */
function untilAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).then(forget, forget);
  });
}

function headersOf(request: TransportRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  if (request.contentType !== '') headers['content-type'] = request.contentType;
  if (request.token !== undefined) headers.authorization = `Bearer ${request.token}`;
  return headers;
}

/** The code of the innermost error that has one; its message could quote what was sent. */
function causeCode(error: unknown): string {
  let code = 'UNKNOWN';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
  }
  return code;
}

function sameTarget(a: TransportTarget, b: TransportTarget): boolean {
  return a.origin === b.origin && a.trust === b.trust && a.pool === b.pool;
}
