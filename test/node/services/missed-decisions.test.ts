import { afterEach, describe, expect, it } from 'vitest';
import { CARE_EVERY_MS } from '../../../node/services/caretaker.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { registerOf } from '../../support/register-of.ts';
import { type Overheard, type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const WINDOWS = 3;
/** Jitter makes a round half as long again at the most; what it asks is answered at once here. */
const ROUND_MS = CARE_EVERY_MS * 1.5;

let cloud: SmallCloud;

afterEach(() => cloud.close());

async function stateAt(node: NodeId, window: WindowId): Promise<string | undefined> {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.find((found) => found.window === window)?.state;
}

/** Some open windows, and a node of the domain of four that votes in none of their registers, each of which has one of it. */
async function windowsAndBystander(overhear: (message: Overheard) => void = () => {}) {
  cloud = await startSmallCloud({ shape: { nodes: [WINDOWS + 1, 1, 1], acceptors: 3 }, overhear });
  const windows: WindowId[] = [];
  while (windows.length < WINDOWS) windows.push(await cloud.openWindow());
  const voters = windows.flatMap((window) => registerOf(cloud, window));
  const [away] = cloud.nodeIds.filter((id) => !voters.includes(id)) as [NodeId];
  return { windows, away };
}

describe('a node that was away', () => {
  it('says of every window how far it is once each had its round, without being asked for a result', async () => {
    const { windows, away } = await windowsAndBystander();
    const [open, settled, released] = windows as [WindowId, WindowId, WindowId];
    await cloud.stop(away);
    const other = registerOf(cloud, settled)[0] as NodeId;
    const question = { stream: cloud.stream.hash, window: settled, group: 0 };
    await cloud.clock.until(cloud.order(other, operations.SEAL, question));
    expect(await cloud.compute(released)).toMatchObject({ kind: 'result' });
    await cloud.start(away);
    expect(await stateAt(away, settled)).toBe('OPEN');
    await cloud.clock.advance(WINDOWS * ROUND_MS);
    expect(await stateAt(away, settled)).toBe('SETTLED');
    expect(await stateAt(away, released)).toBe('RELEASED');
    expect(await stateAt(away, open)).toBe('OPEN');
  });

  it('asks about one window a round', async () => {
    const asked = new Map<number, Set<WindowId>>();
    let bystander: NodeId | undefined;
    const { windows, away } = await windowsAndBystander(({ from, path, request }) => {
      if (from !== bystander || path !== operations.SYNOD.path) return;
      const { window } = operations.SYNOD.request.decode(request).context;
      const now = cloud.clock.now();
      asked.set(now, (asked.get(now) ?? new Set()).add(window));
    });
    bystander = away;
    await cloud.clock.advance(2 * WINDOWS * ROUND_MS);
    expect(new Set([...asked.values()].flatMap((some) => [...some]))).toEqual(new Set(windows));
    expect([...asked.values()].filter(({ size }) => size > 1)).toEqual([]);
  });
});
