import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findFreePorts } from '../../../operator-cli/embedded/free-ports.ts';

const HOST = '127.0.0.1';
/** The first port that a Linux system gives out by itself. */
const EPHEMERAL = 32_768;

test('free ports are ones that no system gives to somebody else, and none is given twice', async () => {
  const ports = [...(await findFreePorts(HOST, 20)), ...(await findFreePorts(HOST, 20))];
  expect(new Set(ports).size).toBe(40);
  for (const port of ports) {
    expect(port).toBeGreaterThan(1_024);
    expect(port).toBeLessThan(EPHEMERAL);
  }
});

test('a port that somebody listens on is passed over', async () => {
  const [given = 0] = await findFreePorts(HOST, 1);
  const server = createServer().listen(given + 1, HOST);
  await once(server, 'listening');
  expect(await findFreePorts(HOST, 3)).not.toContain(given + 1);
  server.close();
});

test('an address that is not of this computer is said as the system says it', async () => {
  await expect(findFreePorts('192.0.2.1', 1)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
