import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { registerOf } from '../../support/register-of.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

const questionOf = (window: WindowId) => ({ stream: cloud.stream.hash, window, group: 0 });

/** COMPUTE at every node, one after the other. */
async function rowsOf(window: WindowId) {
  const rows: unknown[] = [];
  for (const node of cloud.nodeIds) {
    rows.push(await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window))));
  }
  return rows;
}

async function stateOf(node: NodeId, window: WindowId): Promise<string | undefined> {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.find((found) => found.window === window)?.state;
}

describe('opening a window', () => {
  it('may be repeated with the same terms at any node, and refused with others', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const terms = { stream: cloud.stream.hash, window, notBefore: window, latest: window + 86_400_000 };
    for (const node of cloud.nodeIds) {
      expect(await cloud.order(node, operations.OPEN_WINDOW, terms)).toEqual({ done: true });
      for (const other of [{ notBefore: window + 1 }, { latest: terms.latest + 1 }]) {
        await expectCode(
          cloud.order(node, operations.OPEN_WINDOW, { ...terms, ...other }),
          'WINDOW_CONFLICT',
        );
      }
    }
    await cloud.restart();
    const [node] = cloud.nodeIds as [NodeId];
    await expectCode(
      cloud.order(node, operations.OPEN_WINDOW, { ...terms, notBefore: window + 1 }),
      'WINDOW_CONFLICT',
    );
  });

  it('is refused with times in the wrong order', async () => {
    cloud = await startSmallCloud();
    const [node] = cloud.nodeIds as [NodeId];
    const terms = { stream: cloud.stream.hash, window: windowId(100), notBefore: 100, latest: 200 };
    const open = (change: object) => cloud.order(node, operations.OPEN_WINDOW, { ...terms, ...change });
    await expectCode(open({ notBefore: 99 }), 'INVALID_ARGUMENT');
    await expectCode(open({ latest: 99 }), 'INVALID_ARGUMENT');
  });

  it('is learned by a node that was away from the first message about it', async () => {
    cloud = await startSmallCloud();
    const away = cloud.nodeIds[2] as NodeId;
    const windows = Array.from({ length: 100 }, (_, i) => windowId(START_MS + i));
    const window = windows.find((one) => !registerOf(cloud, one).includes(away));
    if (window === undefined) throw new Error('expected a window that is registered elsewhere');
    await cloud.stop(away);
    await cloud.openWindow({ window });
    await cloud.start(away);
    expect(await stateOf(away, window)).toBeUndefined();
    const reading = cloud.reading(window, '4.5');
    await reading.commit();
    expect(await stateOf(away, window)).toBe('OPEN');
    expectExact(await cloud.compute(window), ['4.5']);
  });
});

describe('sealing a window', () => {
  it('is refused before the time fixed when it was opened, and the window stays open', async () => {
    cloud = await startSmallCloud();
    const notBefore = START_MS + 60_000;
    const window = await cloud.openWindow({ notBefore });
    const [node] = cloud.nodeIds as [NodeId];
    const seal = () => cloud.clock.until(cloud.order(node, operations.SEAL, questionOf(window)));
    expect((await expectCode(seal(), 'SEAL_TOO_EARLY')).message).toContain(String(notBefore));
    const context = cloud.reading(window, '1').flagsRequest.context;
    await expectCode(cloud.askAs(node, node, operations.FREEZE, { context }), 'SEAL_TOO_EARLY');
    expect(await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window)))).toMatchObject({
      status: 'INCOMPLETE',
      reason: expect.stringContaining('SEAL_TOO_EARLY'),
    });
    await cloud.reading(window, '3').commit();
    await cloud.clock.advance(60_000);
    expect(await seal()).toEqual({ sealed: true, partitionsOpen: 0, reason: '' });
    await expectCode(cloud.reading(window, '4').notice(), 'WINDOW_SEALED');
    expectExact(await cloud.compute(window), ['3']);
  });

  it('says how many partitions are open while an acceptor is away, and goes on when it is back', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    await cloud.reading(window, '3').commit();
    const [node, , away] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    await cloud.stop(away);
    const sealed = await cloud.clock.until(cloud.order(node, operations.SEAL, questionOf(window)));
    expect(sealed).toMatchObject({ sealed: false, reason: expect.stringContaining(away) });
    expect(sealed.partitionsOpen).toBeGreaterThan(0);
    expect(await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window)))).toMatchObject({
      status: 'INCOMPLETE',
    });
    await cloud.start(away);
    expectExact(await cloud.compute(window), ['3']);
  });

  it('happens by itself at the latest time', async () => {
    cloud = await startSmallCloud();
    const latest = START_MS + 10_000;
    const window = await cloud.openWindow({ latest });
    await cloud.reading(window, '3').commit();
    await cloud.clock.advance(9_000);
    expect(await stateOf(cloud.nodeIds[0] as NodeId, window)).toBe('OPEN');
    await cloud.clock.advance(5_000);
    await expectCode(cloud.reading(window, '4').notice(), 'WINDOW_SEALED');
    expectExact(await cloud.compute(window), ['3']);
  });
});

describe('COMPUTE', () => {
  it('gives the same bytes for ever: again, after a restart, and when every share is gone', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    for (const reading of ['1.5', '-2', '30']) await cloud.reading(window, reading).commit();
    const first = expectExact(await cloud.compute(window), ['1.5', '-2', '30']);
    const rows = await rowsOf(window);
    expect(await rowsOf(window)).toEqual(rows);
    await cloud.restart();
    expect(await rowsOf(window)).toEqual(rows);
    for (const node of cloud.nodeIds) {
      const keys = cloud
        .store(node)
        .rows('values')
        .map(([key]) => key);
      expect(keys).toHaveLength(3);
      await cloud.store(node).commit(keys.map((key) => ({ kind: 'delete', table: 'values', key })));
    }
    await cloud.restart();
    expect(await rowsOf(window)).toEqual(rows);
    expect(await cloud.compute(window)).toEqual(first);
    for (const node of cloud.nodeIds) expect(await stateOf(node, window)).toBe('RELEASED');
  });

  it('of a window without readings is a result of none', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const outcome = await cloud.compute(window);
    expect(outcome).toMatchObject({ kind: 'result', readings: 0, committed: 0, excluded: 0 });
  });

  it('leaves out what was uploaded and never set, and keeps windows apart', async () => {
    cloud = await startSmallCloud();
    const [one, two] = [await cloud.openWindow(), await cloud.openWindow()];
    await cloud.reading(one, '1').commit();
    await cloud.reading(two, '2').commit();
    const unset = cloud.reading(one, '50');
    for (const index of [0, 1, 2]) await unset.upload(index);
    expectExact(await cloud.compute(one), ['1']);
    expectExact(await cloud.compute(two), ['2']);
  });

  it('leaves out, in every domain and by name, a committed reading that one domain lost', async () => {
    cloud = await startSmallCloud({ stream: { maxExcluded: 1 } });
    const window = await cloud.openWindow();
    const lost = cloud.reading(window, '50');
    for (const index of [0, 2]) await lost.upload(index);
    // A node makes common cause with the sensor and gives a receipt for what no node has.
    await lost.accept();
    await cloud.reading(window, '2').commit();
    const result = expectExact(await cloud.compute(window), ['2']);
    expect(result).toMatchObject({ committed: 2, excluded: 1, readings: 1 });
  });

  it('waits for a domain that is away, because it may hold what it does not show', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2] } });
    const window = await cloud.openWindow();
    const readings = ['1', '2', '3', '4', '5', '6'];
    for (const reading of readings) await cloud.reading(window, reading).commit();
    const [node, away] = cloud.nodeIds as [NodeId, NodeId];
    expect(await cloud.clock.until(cloud.order(node, operations.SEAL, questionOf(window)))).toMatchObject({
      sealed: true,
    });
    await cloud.stop(away);
    const answer = await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window)));
    expect(answer.status).toBe('INCOMPLETE');
    await cloud.start(away);
    expectExact(await cloud.compute(window), readings);
  });
});
