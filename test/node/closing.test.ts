import { createHook } from 'node:async_hooks';
import { expect, it } from 'vitest';
import { PUBLIC_LIMITS } from '../../node/http/limits.ts';
import { PEER_LIMITS } from '../../node/links/limits.ts';
import { STOP_GRACE_MS, startNode } from '../../node/start-node.ts';
import { connectCluster, localCluster } from '../support/cluster-client.ts';
import { startRealNodes } from '../support/real-nodes.ts';

/** What would keep a process alive, or run in it later; a TLS socket lives and ends with the one beneath it. */
const KINDS = /^(Timeout|TCPWRAP|TCPSERVERWRAP|PIPEWRAP|WORKER|MESSAGEPORT|FSEVENTWRAP)$/;
/** A process has one of each: the date of HTTP answers and the clock of HTTP clients hold nothing open. And the test's own time. */
const NOT_OF_NODES = /_storeHeader|undici\/lib\/util\/timers|@vitest/;
/** Of the event loop, in which what was closed is reported as ended. */
const TURNS_MAX = 100;
const READING = '21.5';

/** Names what is made from now on and not yet ended, each with the lines that led to it. */
function watchResources() {
  const living = new Map<number, string>();
  const hook = createHook({
    init(id, type) {
      if (KINDS.test(type)) living.set(id, new Error(type).stack ?? type);
    },
    destroy: (id) => void living.delete(id),
  }).enable();
  const left = () => [...living.values()].filter((stack) => !NOT_OF_NODES.test(stack));
  return {
    async left() {
      for (let turn = 0; turn < TURNS_MAX && left().length > 0; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      return left();
    },
    end: () => hook.disable(),
  };
}

it('a node that is closed, and closed again meanwhile, leaves no timer, no connection and no port behind', async () => {
  const material = await localCluster(2, 2, { acceptors: 3, replicas: 2 });
  const watched = watchResources();
  const nodes = await startRealNodes(material);
  const client = await connectCluster(material);
  const window = await client.openWindow();
  await (await client.sensor()).upload(READING, { window });
  await client.expectResult(window, [READING]);
  await client.close();
  const ids = material.domains.flatMap((domain) => domain.nodes.map(({ id }) => id));
  for (const id of ids) await nodes.stop(id);
  expect(await watched.left()).toEqual([]);
  // Nor one that never came to serve, because the others are away.
  const [first = ''] = ids;
  const waiting = await startNode(nodes.optionsOf(first));
  let closed = false;
  void waiting.close().then(() => {
    closed = true;
  });
  await waiting.close();
  expect(closed).toBe(true);
  await nodes.close();
  expect(await watched.left()).toEqual([]);
  watched.end();
});

it('a node that is told to stop has time for its requests and for its disk, before it is ended as one that failed', () => {
  const ports = Math.max(PUBLIC_LIMITS.closeMs, PEER_LIMITS.closeMs);
  expect(STOP_GRACE_MS).toBeGreaterThan(ports + 1_000);
});
