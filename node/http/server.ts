import type { ServerOptions } from 'node:https';
import {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { EngineError } from '../../src/foundation/index.ts';
import type { Log } from '../../src/ports/index.ts';
import { PROBLEM_CONTENT_TYPE, problemOf } from '../../src/protocol/index.ts';
import { createAdmission } from './admission.ts';
import { answerClientError, codeOf, hungUp, logFailure, toEngineError } from './failures.ts';
import type { HttpLimits } from './limits.ts';
import {
  boundPort,
  hostOf,
  type ListenAddress,
  type Listener,
  listenFailure,
  originOf,
  type TlsIdentity,
  tlsFailure,
} from './listener.ts';
import { addOperations } from './operations.ts';
import type { Caller, Router } from './router.ts';
import { addShedding, limitConnections, type Shedding } from './shedding.ts';

export interface PortOptions {
  readonly address: ListenAddress;
  readonly tls: TlsIdentity;
  readonly router: Router;
  /** Says who sent a request, from its header and connection, before its body is read. */
  readonly identify: (request: FastifyRequest) => Promise<Caller> | Caller;
  readonly log: Log;
  readonly limits: HttpLimits;
  /** What is done about callers that prove nothing. */
  readonly shedding: Shedding;
  /** Routes besides the operations, open to everybody. */
  readonly extend: (app: FastifyInstance) => void;
}

/**
 * Opens the HTTPS port: TLS 1.3 only, raw bodies, limits on everything, every error a problem document.
 * @throws EngineError `ADDRESS_IN_USE`, `INVALID_ARGUMENT` (certificate, key or address not usable)
 */
export async function listen(options: PortOptions): Promise<Listener> {
  const { limits, log, address } = options;
  let closing: Promise<void> | undefined;
  const app = createApp(options);
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('cache-control', 'no-store');
    // A client that was answered would otherwise keep its connection, and the port waits for it.
    if (closing !== undefined) reply.header('connection', 'close');
    done();
  });
  options.extend(app);
  const operations: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRequest', (_request, _reply, done) => {
      done(closing === undefined ? undefined : new EngineError('NOT_READY', 'the node is stopping'));
    });
    await addShedding(scope, options.shedding);
    addOperations(scope, { ...options, admit: createAdmission(limits) });
  };
  app.register(operations);

  const host = hostOf(address);
  await app.listen({ host, port: address.port }).catch(async (error) => {
    await app.close();
    throw listenFailure(host, address.port, error);
  });
  const port = boundPort(app.server.address());
  const origin = originOf(host, port);
  log.info('port opened', { name: 'public', origin });
  return {
    origin,
    port,
    close() {
      closing ??= closeApp(app, limits.closeMs).then(() =>
        log.info('port closed', { name: 'public', origin }),
      );
      return closing;
    },
  };
}

function createApp(options: PortOptions): FastifyInstance {
  const { limits, log } = options;
  let app: FastifyInstance;
  try {
    app = fastify({
      https: serverOptions(options),
      logger: false,
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
      return503OnClosing: false,
      requestTimeout: limits.requestMs,
      connectionTimeout: limits.idleSocketMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxRequestsPerSocket: limits.requestsPerConnectionMax,
      clientErrorHandler: answerClientError,
      frameworkErrors: (error, _request, reply) => sendProblem(reply, toEngineError(error)),
      // Operations read the query themselves.
      routerOptions: { querystringParser: () => ({}) },
    });
  } catch (error) {
    throw tlsFailure('public', options.tls, error);
  }
  app.server.maxConnections = limits.connectionsMax;
  limitConnections(app.server, options.shedding);
  app.server.on('tlsClientError', (error) => {
    log.debug('handshake failed', { port: 'public', code: codeOf(error) ?? null });
  });
  app.setNotFoundHandler((_request, reply) => {
    return sendProblem(
      reply,
      new EngineError('UNKNOWN_OPERATION', 'expected the method and path of an operation'),
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const fields = { port: 'public', route: request.routeOptions.url ?? null };
    if (brokeOff(request)) {
      log.debug('request broken off', fields);
      return sendProblem(reply, hungUp());
    }
    const known = toEngineError(error);
    logFailure(log, known, fields);
    return sendProblem(reply, known);
  });
  return app;
}

function serverOptions({ tls, limits }: PortOptions): ServerOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.handshakeMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    maxHeaderSize: limits.headerBytesMax,
    connectionsCheckingInterval: limits.sweepMs,
  };
}

/** Whether the client has gone, or was cut off for being late, in the middle of its body: anybody may, and sensors do. */
function brokeOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, body } = problemOf(error);
  reply.code(status).header('content-type', PROBLEM_CONTENT_TYPE);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503 || status === 429) reply.header('retry-after', '1');
  // The rest of a refused body would be read as the next request's first line.
  if (status === 413) reply.header('connection', 'close');
  return reply.send(body);
}

async function closeApp(app: FastifyInstance, closeMs: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, closeMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}
