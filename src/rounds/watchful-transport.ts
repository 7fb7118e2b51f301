import { untilAborted } from '../foundation/index.ts';
import type { Clock, Transport, TransportResponse } from '../ports/index.ts';
import { operations } from '../protocol/index.ts';
import { createSignsOfLife } from './signs-of-life.ts';

/** Who is waited for no longer than this is not watched: it would be given up about then. */
const WATCHED_FROM_MS = 3_000;
/** A sign of life that comes later is none: however long the beats are, nobody waits for it any more. */
const PING_TIMEOUT_MS = 15_000;

/** The ring documents behind all that there can be: every node says at once, also while it starts, that it has none. */
export const PING = {
  method: operations.READ_RINGS.method,
  path: `${operations.READ_RINGS.path}?from=9999`,
  body: new Uint8Array(0),
  contentType: operations.READ_RINGS.request.contentType,
};

/**
 * Sends as the given transport does, and gives up early on a node that stands still. One that works for long on an answer
 * gives signs of life meanwhile, and is waited for until the request's time is over. To be given up means no more than `UNREACHABLE`
 * ever does: the outcome is unknown, and who needs it asks again.
 *
 * A node that has been given up is asked for a sign first, so that questions do not pile up there.
 */
export function createWatchfulTransport(transport: Transport, clock: Clock): Transport {
  /** The answer itself, so that who waits for it hears of it no later. */
  function noted(node: string, answer: Promise<TransportResponse>): Promise<TransportResponse> {
    answer.then(
      () => signs.heard(node),
      () => {},
    );
    return answer;
  }

  const signs = createSignsOfLife(clock, (node, signal) => {
    const options = { timeoutMs: PING_TIMEOUT_MS, urgent: true };
    return noted(node, transport.send(node, PING, signal === undefined ? options : { ...options, signal }));
  });

  const send: Transport['send'] = (node, request, options) =>
    signs.watched(
      node,
      (signal) => noted(node, transport.send(node, request, { ...options, signal })),
      options.signal,
    );

  const sendAfterSign: Transport['send'] = async (node, request, options) => {
    const sign = signs.awaitSign(node);
    try {
      await (options.signal === undefined ? sign : untilAborted(sign, options.signal));
    } catch (error) {
      options.onNeverSent?.();
      throw error;
    }
    return send(node, request, options);
  };

  return {
    send(node, request, options) {
      if (options.timeoutMs <= WATCHED_FROM_MS) return noted(node, transport.send(node, request, options));
      return signs.isSilent(node) ? sendAfterSign(node, request, options) : send(node, request, options);
    },
    close: () => transport.close(),
  };
}
