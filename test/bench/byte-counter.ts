import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A way to a server on loopback that counts what passes, TLS and all, and opens nothing of it. */
export interface ByteCounter {
  /** The server's origin with the port of this way to it. */
  readonly origin: string;
  /** Bytes so far, both directions together. */
  bytes(): number;
  close(): Promise<void>;
}

export async function openByteCounter(origin: string): Promise<ByteCounter> {
  const { hostname, port } = new URL(origin);
  const sockets = new Set<Socket>();
  let bytes = 0;
  const follow = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('data', (piece) => {
      bytes += piece.length;
    });
    socket.pipe(other);
    // Either side may go first; the other has nobody left to talk to.
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    follow(near, far);
    follow(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = new URL(origin);
  own.port = String((server.address() as AddressInfo).port);
  return {
    origin: own.origin,
    bytes: () => bytes,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
