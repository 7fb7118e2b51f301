import { isIP } from 'node:net';
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { EngineError, systemCode } from '../foundation/index.ts';
import type { TransportRequest, TransportResponse } from '../ports/index.ts';
import { createFrameReader, encodeFrame, type Frame, LINK_PROTOCOL } from '../protocol/index.ts';
import { createFrameWriter } from './frame-writer.ts';
import { hostIn } from './host-in.ts';
import { noAnswer } from './no-answer.ts';
import { nodeIdentityOf } from './node-identity.ts';
import type { LinkLimits } from './transport-limits.ts';
import type { TransportTarget } from './transport-target.ts';

export interface ClientLinkOptions {
  readonly nodeId: string;
  readonly target: TransportTarget;
  /** The node's own certificate, and the only authority that the other one's may come from. */
  readonly secureContext: SecureContext;
  readonly limits: LinkLimits;
  /** The link takes no further call. */
  readonly onRetired: () => void;
  readonly onClosed: () => void;
}

/** One connection to the peer port of a node, for any number of calls at a time. */
export interface ClientLink {
  /** @throws EngineError `OVERLOADED` and `BODY_TOO_LARGE`, before anything is sent; rejects with `UNREACHABLE` */
  call(request: TransportRequest, timeoutMs: number): Promise<TransportResponse>;
  /** Ends the link when the calls under way have ended. */
  retire(): void;
  /** Ends the link at once. */
  destroy(): void;
}

interface Call {
  readonly settle: (reply: Extract<Frame, { kind: 'reply' }>) => void;
  readonly fail: (cause: string) => void;
}

const CALLS_COUNTED = 2 ** 32;

export function openClientLink(options: ClientLinkOptions): ClientLink {
  const { nodeId, limits } = options;
  const calls = new Map<number, Call>();
  let connected = false;
  let lastCall = 0;
  let replies = 0;
  let retired = false;

  const socket = dial(options);
  const writer = createFrameWriter(socket);
  const reader = createFrameReader({
    wants: ({ kind, call }) => {
      if (kind !== 'reply') throw new EngineError('MALFORMED_BODY', `expected a reply, got a ${kind}`);
      return calls.has(call);
    },
    frame: (frame) => {
      if (frame.kind === 'reply') calls.get(frame.call)?.settle(frame);
    },
    skipped: () => {},
  });

  function end(cause: string): void {
    socket.destroy();
    retire();
    for (const call of [...calls.values()]) call.fail(cause);
  }

  function retire(): void {
    if (!retired) options.onRetired();
    retired = true;
    if (calls.size === 0) socket.destroy();
  }

  const connecting = setTimeout(() => end('CONNECT_TIMEOUT'), limits.connectMs);
  socket.setNoDelay(true);
  socket.setTimeout(limits.idleMs, () => {
    if (calls.size === 0) end('IDLE');
  });
  socket.once('secureConnect', () => {
    clearTimeout(connecting);
    if (socket.alpnProtocol !== LINK_PROTOCOL) return end('WRONG_PROTOCOL');
    connected = true;
    writer.open();
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      replies += 1;
    } catch {
      end('MALFORMED_FRAME');
    }
  });
  socket.on('error', (error) => end(systemCode(error)));
  socket.once('close', () => {
    clearTimeout(connecting);
    end('CLOSED');
    options.onClosed();
  });

  function nextCall(): number {
    do lastCall = (lastCall + 1) % CALLS_COUNTED;
    while (calls.has(lastCall));
    return lastCall;
  }

  return {
    call({ method, path, body }, timeoutMs) {
      if (calls.size >= limits.callsMax || writer.unsentBytes() > limits.unsentBytesMax) {
        throw new EngineError(
          'OVERLOADED',
          `expected at most ${limits.callsMax} calls and ${limits.unsentBytesMax} bytes on their way to node ${nodeId}`,
        );
      }
      const call = nextCall();
      const frame = encodeFrame({ kind: 'request', call, target: `${method} ${path}`, body });
      const before = replies;
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          calls.delete(call);
          if (retired && calls.size === 0) socket.destroy();
        };
        const timer = setTimeout(() => {
          writer.write(encodeFrame({ kind: 'cancel', call }));
          // A computer that vanished says nothing more: the next call finds out over a link of its own.
          if (connected && replies === before) retire();
          calls.get(call)?.fail('TIMEOUT');
        }, timeoutMs);
        calls.set(call, {
          settle: ({ status, contentType, body }) => {
            done();
            resolve({ status, contentType, body });
          },
          fail: (cause) => {
            done();
            reject(noAnswer(nodeId, cause));
          },
        });
        writer.write(frame);
      });
    },
    retire,
    destroy: () => end('CLOSED'),
  };
}

function dial({ nodeId, target, secureContext }: ClientLinkOptions): TLSSocket {
  const { port } = new URL(target.origin);
  const host = hostIn(target.origin);
  return connect({
    host,
    port: Number(port === '' ? '443' : port),
    // A name in the handshake, never an address (RFC 6066).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext,
    ALPNProtocols: [LINK_PROTOCOL],
    rejectUnauthorized: true,
    checkServerIdentity: (_name, certificate) => {
      const found = nodeIdentityOf(certificate.subjectaltname);
      if (found?.domain !== target.pool || found.node !== nodeId) {
        return Object.assign(new Error('the server certificate does not name the expected node'), {
          code: 'WRONG_NODE_IDENTITY',
        });
      }
      return checkServerIdentity(host, certificate);
    },
  });
}
