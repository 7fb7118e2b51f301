import type {
  Caller,
  Router,
  RouterRequest,
  RouterResponse,
  ServedOperation,
} from '../../node/http/index.ts';
import { utf8 } from '../../src/foundation/index.ts';

export const FAKE_OPERATIONS: readonly ServedOperation[] = [
  { method: 'POST', path: '/v1/bytes', contentType: 'application/octet-stream', bodyBytesMax: 1_024 },
  { method: 'POST', path: '/v1/json', contentType: 'application/json', bodyBytesMax: 1_024 },
  { method: 'POST', path: '/v1/large', contentType: 'application/octet-stream', bodyBytesMax: 4_194_304 },
  {
    method: 'POST',
    path: '/v1/brief',
    contentType: 'application/octet-stream',
    bodyBytesMax: 1_024,
    timeoutMs: 50,
  },
  { method: 'GET', path: '/v1/bytes', contentType: '', bodyBytesMax: 0 },
];

export interface FakeRouter extends Router {
  /** What reached the router, in order. */
  readonly seen: { caller: Caller; request: RouterRequest; signal: AbortSignal }[];
  /** What the router does next; answers the body by default. */
  answer: (request: RouterRequest, signal: AbortSignal) => Promise<RouterResponse>;
}

/** A router that keeps what it is asked and answers what the test says. */
export function fakeRouter(): FakeRouter {
  const router: FakeRouter = {
    seen: [],
    answer: async (request) => ({ status: 200, body: request.body, contentType: 'application/octet-stream' }),
    operations: () => FAKE_OPERATIONS,
    handle(caller, request, signal) {
      router.seen.push({ caller, request, signal });
      return router.answer(request, signal);
    },
  };
  return router;
}

export const DONE: RouterResponse = { status: 200, body: utf8('done'), contentType: 'text/plain' };
