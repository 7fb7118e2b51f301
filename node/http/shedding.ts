import type { Server } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { EngineError } from '../../src/foundation/index.ts';

/** Requests of one address in one second: a gateway sends thousands of readings in each of them. */
const ADDRESS_REQUESTS_PER_SECOND_MAX = 4_000;
/** Connections of one address: many sensors behind one router keep one or a few each. */
const ADDRESS_CONNECTIONS_MAX = 1_024;
/** Addresses whose requests are counted; the oldest is forgotten, so that changing addresses costs no memory. */
const ADDRESSES_REMEMBERED_MAX = 65_536;
/** Mean delay of the event loop, in milliseconds, from which all but peers are refused: twice what peers wait for a vote. */
const LOOP_DELAY_MS_MAX = 2_000;
const ONE_SECOND = 1_000;

/** What a port does about callers it knows nothing of. */
export interface Shedding {
  readonly requestsPerSecond: number;
  readonly connections: number;
  readonly loopDelayMs: number;
}

export const PUBLIC_SHEDDING: Shedding = {
  requestsPerSecond: ADDRESS_REQUESTS_PER_SECOND_MAX,
  connections: ADDRESS_CONNECTIONS_MAX,
  loopDelayMs: LOOP_DELAY_MS_MAX,
};

/** Refuses requests of too busy an address, and any while the node is too slow; before a body is read. */
export async function addShedding(scope: FastifyInstance, shedding: Shedding): Promise<void> {
  await scope.register(underPressure, {
    maxEventLoopDelay: shedding.loopDelayMs,
    sampleInterval: ONE_SECOND,
    exposeStatusRoute: false,
    pressureHandler: () => {
      throw new EngineError('OVERLOADED', 'expected a node with time to answer, got one that is late');
    },
  });
  await scope.register(rateLimit, {
    max: shedding.requestsPerSecond,
    timeWindow: ONE_SECOND,
    cache: ADDRESSES_REMEMBERED_MAX,
    keyGenerator: (request) => addressKey(request.ip),
    errorResponseBuilder: (_request, { max }) =>
      new EngineError('RATE_LIMITED', `expected at most ${max} requests a second from one address`),
    // Others' counts are nobody's business, and our own Retry-After is set with the problem document.
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
  });
}

/** Hangs up on connections beyond the limit of their address, before TLS costs anything. */
export function limitConnections(server: Server, { connections }: Shedding): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const key = addressKey(socket.remoteAddress ?? '');
    const count = open.get(key) ?? 0;
    if (count >= connections) {
      socket.destroy();
      return;
    }
    open.set(key, count + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}

/** Whom an address stands for: one IPv4 address, or the /64 network that a household or a host has in IPv6. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  const filled = tail === undefined ? groups : [...groups, ...Array(8 - groups.length - after).fill('0')];
  return `${filled.slice(0, 4).join(':')}/64`;
}

const NO_HEADERS = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': false,
} as const;
