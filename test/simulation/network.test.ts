import { describe, expect, it } from 'vitest';
import type { Router } from '../../node/http/router.ts';
import { EngineError, utf8 } from '../../src/foundation/index.ts';
import type { TransportRequest } from '../../src/ports/index.ts';
import { createKernel, endLife, pauseLife, START_MS, startLife } from './kernel/index.ts';
import { createNetwork } from './network.ts';
import { type NetworkSettings, type NetworkSite, QUIET_NETWORK } from './network-types.ts';

const REQUEST: TransportRequest = {
  method: 'POST',
  path: '/v1/x?a=1',
  body: utf8('hello'),
  contentType: 'text/plain',
};

function worldOf(settings: NetworkSettings, atSite: (site: NetworkSite) => void = () => undefined) {
  const kernel = createKernel('network');
  const seen: string[] = [];
  const faults: string[] = [];
  const node = startLife('node');
  const sensor = startLife('sensor');
  const network = createNetwork(kernel, settings, {
    answered: ({ response }) => seen.push(`answered ${response.status}`),
    fault: (kind) => faults.push(kind),
    site: atSite,
  });
  const router = (name: string): Router => ({
    operations: () => [],
    handle: async (caller, request) => {
      seen.push(`${name} ${caller.kind} ${request.path} ${request.query.a ?? ''}`);
      if (request.path === '/v1/fails') throw new EngineError('WINDOW_SEALED', 'expected an open window');
      return { status: 200, body: request.body, contentType: request.contentType };
    },
  });
  network.listen('n', { life: node, publicRouter: router('public'), peerRouter: router('peer') });
  const transport = network.transport({ life: sensor, name: 'sensor', caller: { kind: 'anonymous' } });
  return { kernel, network, transport, seen, faults, node, sensor };
}

const options = { timeoutMs: 1_000 };

describe('the simulated network', () => {
  it('carries a request to the router of its path and the answer back', async () => {
    const { kernel, transport, seen } = worldOf(QUIET_NETWORK);
    const response = await kernel.runUntil(transport.send('n', REQUEST, options), 2_000);
    expect(response).toEqual({ status: 200, body: utf8('hello'), contentType: 'text/plain' });
    await kernel.runUntil(transport.send('n', { ...REQUEST, path: '/peer/v1/x' }, options), 2_000);
    expect(seen).toEqual([
      'public anonymous /v1/x 1',
      'answered 200',
      'peer anonymous /peer/v1/x ',
      'answered 200',
    ]);
  });

  it('keeps a request for a paused node until it goes on, while its sender gives up in its own time', async () => {
    const { kernel, transport, seen, node } = worldOf(QUIET_NETWORK);
    pauseLife(node, START_MS + 5_000);
    const failed = transport.send('n', REQUEST, options).catch((error: EngineError) => error.code);
    expect(await kernel.runUntil(failed, 2_000)).toBe('UNREACHABLE');
    await kernel.runFor(3_000);
    expect(seen).toEqual([]);
    await kernel.runFor(3_000);
    expect(seen).toEqual(['public anonymous /v1/x 1', 'answered 200']);
  });

  it('answers an error as the problem document of the node', async () => {
    const { kernel, transport } = worldOf(QUIET_NETWORK);
    const response = await kernel.runUntil(
      transport.send('n', { ...REQUEST, path: '/v1/fails' }, options),
      2_000,
    );
    expect(response.status).toBe(409);
    expect(response.contentType).toBe('application/problem+json');
  });

  it('gives up with UNREACHABLE after the timeout when everything is lost', async () => {
    const { kernel, transport, seen, faults } = worldOf({ ...QUIET_NETWORK, loss: 1 });
    await expect(kernel.runUntil(transport.send('n', REQUEST, options), 2_000)).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    expect(kernel.now()).toBe(START_MS + 1_000);
    expect(seen).toEqual([]);
    expect(faults).toContain('loss');
  });

  it('lets the node handle a repeated request twice', async () => {
    const { kernel, transport, seen } = worldOf({ ...QUIET_NETWORK, duplication: 1 });
    await kernel.runUntil(transport.send('n', REQUEST, options), 2_000);
    await kernel.runFor(2_000);
    expect(seen.filter((line) => line.startsWith('public'))).toHaveLength(2);
  });

  it('cuts one direction: the node acts, but its answer does not arrive', async () => {
    const { kernel, network, transport, seen } = worldOf(QUIET_NETWORK);
    network.cut('n', 'sensor');
    await expect(kernel.runUntil(transport.send('n', REQUEST, options), 2_000)).rejects.toThrow(EngineError);
    expect(seen).toContain('answered 200');
    network.heal('n', 'sensor');
    await kernel.runUntil(transport.send('n', REQUEST, options), 2_000);
  });

  it('drops the answer of a node that ends while it handles the request', async () => {
    const world = worldOf(QUIET_NETWORK, (site) => {
      if (site === 'reply ready') endLife(world.node);
    });
    await expect(world.kernel.runUntil(world.transport.send('n', REQUEST, options), 2_000)).rejects.toThrow(
      'TIMEOUT',
    );
    await expect(world.kernel.runUntil(world.transport.send('n', REQUEST, options), 2_000)).rejects.toThrow(
      'ECONNREFUSED',
    );
  });

  it('rejects with the reason of the signal, and tells the node that nobody listens', async () => {
    const { kernel, transport } = worldOf(QUIET_NETWORK);
    const controller = new AbortController();
    const sent = transport.send('n', REQUEST, { ...options, signal: controller.signal });
    controller.abort('enough');
    await expect(kernel.runUntil(sent, 2_000)).rejects.toBe('enough');
  });

  it('settles nothing for a sender that has ended', async () => {
    const { kernel, transport, sensor } = worldOf(QUIET_NETWORK);
    let settled = false;
    const settle = () => {
      settled = true;
    };
    void transport.send('n', REQUEST, options).then(settle, settle);
    endLife(sensor);
    await kernel.runFor(5_000);
    expect(settled).toBe(false);
  });
});
