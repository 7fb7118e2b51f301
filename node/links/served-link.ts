import type { TLSSocket } from 'node:tls';
import { EngineError } from '../../src/foundation/index.ts';
import { createFrameWriter } from '../../src/platform/index.ts';
import type { Log } from '../../src/ports/index.ts';
import { createFrameReader, encodeFrame, PROBLEM_CONTENT_TYPE, problemOf } from '../../src/protocol/index.ts';
import type { Admit } from '../http/admission.ts';
import { logFailure } from '../http/failures.ts';
import type { RouterResponse } from '../http/router.ts';
import { type CallOptions, carryOut, type RequestFrame } from './call.ts';
import type { PeerPortLimits } from './limits.ts';

export interface ServedLinkOptions extends CallOptions {
  readonly socket: TLSSocket;
  readonly admit: Admit;
  readonly log: Log;
  readonly limits: PeerPortLimits;
}

export interface ServedLink {
  /** Refuses further calls and ends when those under way are answered. */
  drain(): void;
}

/**
 * Answers what comes over one link, each call when it is done and none behind another: two nodes that wait for each
 * other's answers would otherwise wait for ever. Whatever can't be a frame ends the link.
 */
export function serveLink(options: ServedLinkOptions): ServedLink {
  const { socket, limits, log } = options;
  const works = new Map<number, AbortController>();
  const writer = createFrameWriter(socket);
  let draining = false;
  let late: NodeJS.Timeout | undefined;
  /** Of the frame that is coming: gives back the room that its body has. */
  let release: (() => void) | null = null;
  let refusal: unknown;

  const reader = createFrameReader({
    wants({ kind, call, bytes }) {
      if (kind === 'reply') throw new EngineError('MALFORMED_BODY', 'expected a request, got a reply');
      if (kind === 'cancel') return true;
      if (works.has(call)) throw new EngineError('MALFORMED_BODY', 'expected a number of its own for a call');
      try {
        if (works.size >= limits.callsPerLinkMax) throw tooManyCalls(limits.callsPerLinkMax);
        release = options.admit(bytes);
        return true;
      } catch (error) {
        refusal = error;
        return false;
      }
    },
    frame(frame) {
      if (frame.kind === 'cancel')
        works.get(frame.call)?.abort(new EngineError('UNREACHABLE', 'the caller hung up'));
      if (frame.kind !== 'request') return;
      const done = release ?? (() => {});
      release = null;
      answer(frame, done).catch((error: unknown) => end(error));
    },
    skipped: ({ call }) => send(frameOf(call, problem(refusal))),
  });

  async function answer(request: RequestFrame, done: () => void): Promise<void> {
    const controller = new AbortController();
    works.set(request.call, controller);
    let frame: Uint8Array;
    try {
      frame = frameOf(request.call, await answerOf(request, controller, done));
    } catch (error) {
      logFailure(log, error, { port: 'peer', route: request.target.split('?', 1)[0] ?? null });
      frame = frameOf(request.call, problem(error));
    }
    works.delete(request.call);
    send(frame);
    if (draining) endIfIdle();
  }

  function answerOf(
    request: RequestFrame,
    controller: AbortController,
    done: () => void,
  ): Promise<RouterResponse> {
    if (!draining) return carryOut(options, request, controller, done);
    done();
    throw new EngineError('NOT_READY', 'the node is stopping');
  }

  function send(frame: Uint8Array): void {
    if (socket.destroyed) return;
    writer.write(frame);
    if (writer.unsentBytes() > limits.unreadBytesMax) socket.pause();
  }

  function endIfIdle(): void {
    if (works.size > 0) return;
    writer.flush();
    socket.destroySoon();
  }

  function end(error: unknown): void {
    log.debug('link broken', {
      reason: error instanceof EngineError ? error.message : 'a failure of the network',
    });
    socket.destroy();
  }

  /** A frame that does not come to its end would hold its room for ever. */
  function watch(): void {
    if (!reader.partial()) {
      clearTimeout(late);
      late = undefined;
    } else
      late ??= setTimeout(
        () => end(new EngineError('MALFORMED_BODY', 'expected a whole frame in time')),
        limits.frameMs,
      );
  }

  socket.setNoDelay(true);
  socket.setTimeout(limits.idleSocketMs, () => {
    if (works.size === 0) socket.destroy();
  });
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      watch();
    } catch (error) {
      end(error);
    }
  });
  socket.on('error', end);
  socket.once('close', () => {
    clearTimeout(late);
    release?.();
    const reason = new EngineError('UNREACHABLE', 'the caller hung up');
    for (const controller of works.values()) controller.abort(reason);
  });
  writer.open();

  return {
    drain() {
      draining = true;
      endIfIdle();
    },
  };
}

/** @throws EngineError `BODY_TOO_LARGE`, which is the one call's failure and no other's on the link */
function frameOf(call: number, { status, contentType, body }: RouterResponse): Uint8Array {
  return encodeFrame({ kind: 'reply', call, status, contentType, body });
}

function problem(error: unknown): RouterResponse {
  return { ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE };
}

function tooManyCalls(max: number): EngineError {
  return new EngineError('OVERLOADED', `expected at most ${max} calls at a time on one link`);
}
