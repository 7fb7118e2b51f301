import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { systemCode } from '../../src/foundation/index.ts';

/**
 * Ports that a system does not give out by itself, neither to who listens on port 0 nor to who connects: Linux
 * does so from 32,768 on, others from 49,152. One of those would be anybody's before it is used.
 */
const FIRST = 10_240;
const COUNT = 32_768 - FIRST;

/** Spreads processes that follow each other over the ports, so that two of them do not look at the same ones. */
const SPREAD = 7_919;
let looked = (process.pid * SPREAD) % COUNT;

/**
 * Ports of an address that nobody listens on. No process is given one twice before it has looked at all, and
 * each is tried; whoever takes one before it is used makes that fail as an address in use.
 * @throws Error when all ports are taken, or what the system says of an address that is not its own
 */
export async function findFreePorts(host: string, count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === COUNT) throw new Error(`expected ${count} free ports of ${host}, found ${ports.length}`);
    looked = (looked + 1) % COUNT;
    if (await isFree(host, FIRST + looked)) ports.push(FIRST + looked);
  }
  return ports;
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
  await closed(server);
  return true;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
