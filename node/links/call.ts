import { EngineError } from '../../src/foundation/index.ts';
import type { Frame } from '../../src/protocol/index.ts';
import { withinTime } from '../http/deadline.ts';
import { parseQuery } from '../http/query.ts';
import type { Caller, Router, RouterResponse, ServedOperation } from '../http/router.ts';
import type { PeerPortLimits } from './limits.ts';

export type RequestFrame = Extract<Frame, { kind: 'request' }>;

export interface CallOptions {
  readonly router: Router;
  /** The router's operations by method, a space, and path. */
  readonly operations: ReadonlyMap<string, ServedOperation>;
  /** Who is at the other end, by the ring documents of now. @throws EngineError `FORBIDDEN` */
  readonly identify: () => Caller;
  readonly limits: Pick<PeerPortLimits, 'operationMs'>;
}

/**
 * Carries out one call: caller, operation, body, in this order, each within its limit.
 * @param done gives back the call's room, when the work has ended and not only its answer.
 * @throws EngineError `FORBIDDEN`, `UNKNOWN_OPERATION`, `BODY_TOO_LARGE`, `DEADLINE_EXCEEDED` and what the operation throws
 */
export async function carryOut(
  { router, operations, identify, limits }: CallOptions,
  { target, body }: RequestFrame,
  controller: AbortController,
  done: () => void,
): Promise<RouterResponse> {
  let work: Promise<unknown> = Promise.resolve();
  try {
    const caller = identify();
    const [route = '', query = ''] = target.split('?', 2);
    const operation = operations.get(route);
    if (operation === undefined) {
      throw new EngineError('UNKNOWN_OPERATION', 'expected the method and path of an operation');
    }
    const { method, path, contentType, bodyBytesMax, timeoutMs = limits.operationMs } = operation;
    if (body.length > bodyBytesMax) {
      throw new EngineError(
        'BODY_TOO_LARGE',
        `expected at most ${bodyBytesMax} bytes for ${path}, got ${body.length}`,
      );
    }
    const request = { method, path, query: parseQuery(query), body, contentType };
    return await withinTime(timeoutMs, path, controller, (signal) => {
      const handled = router.handle(caller, request, signal);
      work = handled;
      return handled;
    });
  } finally {
    work.then(done, done);
  }
}
