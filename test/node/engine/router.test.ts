import { describe, expect, it } from 'vitest';
import { createHandlers } from '../../../node/engine/peers.ts';
import { createRouter } from '../../../node/engine/router.ts';
import type { Caller, Router } from '../../../node/http/router.ts';
import { fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import type { Audience, Operation } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { domainId, nodeId } from '../../../src/ring/index.ts';

const DOMAIN = domainId('a');
const signal = new AbortController().signal;
const ANONYMOUS: Caller = { kind: 'anonymous' };
const operator = (...scopes: readonly string[]): Caller => ({ kind: 'operator', scopes, subject: 'test' });
const peer = (domain: string): Caller => ({
  kind: 'peer',
  domain: domainId(domain),
  node: nodeId(`${domain}1`),
});

/** A router whose every operation fails with the name of what was reached. */
function routerOf(...audiences: readonly Audience[]): Router {
  const handlers = createHandlers();
  for (const operation of Object.values<Operation<unknown, unknown>>(operations)) {
    handlers.add(operation, () => Promise.reject(new Error('reached')));
  }
  handlers.add(operations.LIST_STREAMS, async () => ({ streams: [] }));
  return createRouter({ handlers, self: { domain: DOMAIN }, audiences, admit: () => {}, recheck: () => {} });
}

/** The code that a caller without a usable body gets: reaching the codec means being let in. */
async function answer(router: Router, caller: Caller, operation: { method: 'GET' | 'POST'; path: string }) {
  const { method, path } = operation;
  const request = { method, path, query: {}, body: new Uint8Array(0), contentType: '' };
  return router.handle(caller, request, signal).then(
    () => 'answered',
    (error) => error.code ?? error.message,
  );
}

const STREAM = '5a'.repeat(32);
const QUESTION = utf8(JSON.stringify({ stream: STREAM, window: 0, group: 0 }));

/** What a caller gets for a question about one stream. */
async function answerAbout(router: Router, caller: Caller, { path }: { path: string }) {
  const request = { method: 'POST' as const, path, query: {}, body: QUESTION, contentType: '' };
  return router.handle(caller, request, signal).catch((error) => error.code ?? error.message);
}

const LET_IN = /^(answered|reached|MALFORMED_BODY|MALFORMED_TEXT)$/;
const ALL = Object.values<Operation<unknown, unknown>>(operations);

describe('a scope that names a stream', () => {
  const router = routerOf('operator');

  it('is good for that stream and for that operation', async () => {
    expect(await answerAbout(router, operator(`seal:${STREAM}`), operations.SEAL)).toBe('reached');
    expect(await answerAbout(router, operator(`compute:${STREAM}`), operations.COMPUTE)).toBe('reached');
  });

  it.each([
    ['another stream', `seal:${'0'.repeat(64)}`],
    ['a beginning of the stream', `seal:${STREAM.slice(0, 63)}`],
    ['no stream', 'seal:'],
    ['every stream by a star', 'seal:*'],
    ['another operation', `compute:${STREAM}`],
  ])('is refused for %s', async (_, scope) => {
    expect(await answerAbout(router, operator(scope), operations.SEAL)).toBe('FORBIDDEN');
  });

  it('opens nothing that names no stream', async () => {
    const request = { document: 'x' };
    const put = { method: 'POST' as const, path: operations.PUT_STREAM.path, query: {}, contentType: '' };
    const asked = { ...put, body: utf8(JSON.stringify(request)) };
    const refused = router.handle(operator(`streams:${STREAM}`), asked, signal);
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('the public port', () => {
  const router = routerOf('public', 'operator');

  it.each(ALL)('lets in to $path who may, and nobody else', async ({ method, path, audience, scope }) => {
    const asked = { method, path };
    switch (audience) {
      case 'public':
        expect(await answer(router, ANONYMOUS, asked)).toMatch(LET_IN);
        break;
      case 'operator':
        expect(await answer(router, ANONYMOUS, asked)).toBe('UNAUTHENTICATED');
        expect(await answer(router, peer('a'), asked)).toBe('UNAUTHENTICATED');
        expect(await answer(router, operator('none'), asked)).toBe('FORBIDDEN');
        expect(await answer(router, operator(String(scope)), asked)).toMatch(LET_IN);
        break;
      default:
        expect(await answer(router, operator('compute', 'streams', 'seal', 'status'), asked)).toBe(
          'UNKNOWN_OPERATION',
        );
    }
  });
});

describe('the peer port', () => {
  const router = routerOf('public', 'peer', 'domain');

  it.each(ALL)('lets in to $path who may, and nobody else', async ({ method, path, audience }) => {
    const asked = { method, path };
    const own = await answer(router, peer('a'), asked);
    const other = await answer(router, peer('b'), asked);
    if (audience === 'operator') expect([own, other]).toEqual(['UNKNOWN_OPERATION', 'UNKNOWN_OPERATION']);
    else expect(own).toMatch(LET_IN);
    if (audience === 'domain') expect(other).toBe('FORBIDDEN');
    if (audience === 'peer' || audience === 'public') expect(other).toMatch(LET_IN);
    if (audience === 'domain' || audience === 'peer') {
      expect(await answer(router, operator('compute'), asked)).toBe('FORBIDDEN');
      expect(await answer(router, ANONYMOUS, asked)).toBe('FORBIDDEN');
    }
  });
});

describe('a router', () => {
  const router = routerOf('public', 'operator');

  it('answers with the bytes and content type of the operation', async () => {
    const request = {
      method: 'GET',
      path: '/v1/streams',
      query: {},
      body: new Uint8Array(0),
      contentType: '',
    } as const;
    const { status, body, contentType } = await router.handle(ANONYMOUS, request, signal);
    expect([status, contentType, fromUtf8(body)]).toEqual([200, 'application/json', '{"streams":[]}']);
  });

  it('tells apart the methods of one path, and refuses a path of nobody', async () => {
    expect(await answer(router, ANONYMOUS, { method: 'GET', path: '/v1/streams' })).toBe('answered');
    expect(await answer(router, ANONYMOUS, { method: 'POST', path: '/v1/streams' })).toBe('UNAUTHENTICATED');
    expect(await answer(router, ANONYMOUS, { method: 'POST', path: '/v1/flags/get/' })).toBe(
      'UNKNOWN_OPERATION',
    );
    expect(await answer(router, ANONYMOUS, { method: 'GET', path: '/v1/flags/get' })).toBe(
      'UNKNOWN_OPERATION',
    );
  });

  it('takes the request of a GET from the query and ignores its body', async () => {
    const ask = (query: Record<string, string>) => {
      const request = {
        method: 'GET',
        path: '/v1/stream',
        query,
        body: new Uint8Array(9),
        contentType: '',
      } as const;
      return router.handle(ANONYMOUS, request, signal).catch((error) => error.code ?? error.message);
    };
    expect(await ask({ stream: 'ab'.repeat(32) })).toBe('reached');
    expect(await ask({ stream: 'ab' })).toBe('SCHEMA_MISMATCH');
    expect(await ask({ stream: 'ab'.repeat(32), more: '1' })).toBe('SCHEMA_MISMATCH');
  });
});
