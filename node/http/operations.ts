import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { EngineError } from '../../src/foundation/index.ts';
import { mediaTypeOf } from '../../src/protocol/index.ts';
import type { Admit } from './admission.ts';
import { withinTime } from './deadline.ts';
import { hungUp } from './failures.ts';
import { parseQuery } from './query.ts';
import type { Caller, RouterRequest, ServedOperation } from './router.ts';
import type { PortOptions } from './server.ts';

const NO_BODY = new Uint8Array();

export interface OperationsOptions extends Pick<PortOptions, 'router' | 'identify' | 'log' | 'limits'> {
  readonly admit: Admit;
}

/**
 * Makes a route of every operation. In this order, so that nobody costs more than they may: room, address, caller,
 * content type, body, operation.
 */
export function addOperations(scope: FastifyInstance, options: OperationsOptions): void {
  const { router, log } = options;
  const callers = new WeakMap<FastifyRequest, Caller>();
  const works = new WeakMap<FastifyRequest, Promise<unknown>>();

  scope.removeAllContentTypeParsers();
  for (const contentType of new Set(router.operations().map((operation) => operation.contentType))) {
    if (contentType === '') continue;
    scope.addContentTypeParser(contentType, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
  }
  // Hooks that wait for nothing say so by a call, which costs less than a promise for each.
  scope.addHook('onRequest', (request, reply, done) => {
    const release = options.admit(expectedBodyBytes(request));
    reply.raw.once('close', () => {
      // An operation that outlived its answer still takes room.
      const work = works.get(request) ?? Promise.resolve();
      work.then(release, release);
    });
    done();
  });
  // Behind the hooks above and the limits of the address: checking a signature costs more than counting.
  scope.addHook('preParsing', (request, _reply, payload, done) => {
    const identified = (caller: Caller) => {
      callers.set(request, caller);
      done(null, payload);
    };
    const caller = options.identify(request);
    if (caller instanceof Promise) caller.then(identified, done);
    else identified(caller);
  });
  scope.addHook('onResponse', (request, reply, done) => {
    log.debug('answered', {
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      caller: callers.get(request)?.kind ?? null,
    });
    done();
  });

  for (const operation of router.operations()) {
    scope.route({
      method: operation.method,
      url: operation.path,
      ...(operation.bodyBytesMax > 0 ? { bodyLimit: operation.bodyBytesMax } : {}),
      preParsing: (request, _reply, payload, done) => {
        checkContentType(operation, request);
        done(null, payload);
      },
      handler: async (request, reply) => {
        const caller = callers.get(request) ?? { kind: 'anonymous' };
        const limitMs = operation.timeoutMs ?? options.limits.operationMs;
        // Not Fastify's own handlerTimeout: it listens to the request's `close`, which Node emits as soon as a body is
        // read, so that the operation would be aborted at its start and never timed.
        const answer = await withinTime(limitMs, operation.path, untilHungUp(reply), (signal) => {
          const work = router.handle(caller, routerRequest(operation, request), signal);
          works.set(request, work);
          return work;
        });
        return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
      },
    });
  }
}

/** Aborts when the client hangs up before it has its answer. */
function untilHungUp(reply: FastifyReply): AbortController {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(hungUp());
  });
  return controller;
}

function checkContentType(operation: ServedOperation, request: FastifyRequest): void {
  if (operation.contentType === '') return;
  const got = request.headers['content-type'] ?? '';
  if (mediaTypeOf(got) !== operation.contentType) {
    throw new EngineError(
      'UNSUPPORTED_MEDIA_TYPE',
      `expected content type ${operation.contentType} at ${operation.path}, got ${JSON.stringify(got.slice(0, 80))}`,
    );
  }
}

function routerRequest(operation: ServedOperation, request: FastifyRequest): RouterRequest {
  const [path = '', query = ''] = request.url.split('?', 2);
  return {
    method: operation.method,
    path,
    query: parseQuery(query),
    body: request.body instanceof Uint8Array ? plainBytes(request.body) : NO_BODY,
    contentType: operation.contentType,
  };
}

/** A body as the core knows bytes; a Buffer's slice() shares memory where a Uint8Array's copies. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What the body may grow to: what the client announced, or the limit where it did not. */
function expectedBodyBytes(request: FastifyRequest): number {
  if (request.method === 'GET') return 0;
  const announced = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return Math.min(
    Number.isNaN(announced) ? Number.POSITIVE_INFINITY : announced,
    request.routeOptions.bodyLimit,
  );
}
