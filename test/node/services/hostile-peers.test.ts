import { afterEach, describe, expect, it } from 'vitest';
import type { DecisionName, Settlement } from '../../../src/protocol/index.ts';
import { exclusionCodec, operations, settlementCodec } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { epoch, partition, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const MINUTE_MS = 60_000;
const THREE_DOMAINS = { nodes: [1, 1, 1], acceptors: 3 } as const;

let cloud: SmallCloud;

/** Fails where a node has stopped by itself. */
afterEach(() => cloud.close());

/** What a node of domain a, whoever runs it, can ask of every acceptor of a register. */
async function askRegister(
  window: WindowId,
  decision: DecisionName,
  ask: { readonly counter: number; readonly value?: Uint8Array },
) {
  const [from] = cloud.nodeIds as [NodeId];
  const { context } = cloud.reading(window, '1').flagsRequest;
  const { counter, value = null } = ask;
  const kind = value === null ? 'prepare' : 'accept';
  const request = { context, decision, kind, ballot: { counter, proposer: 0 }, value } as const;
  return cloud.nodeIds.map((to) => cloud.askAs(from, to, operations.SYNOD, request));
}

describe('an acceptor of a register', () => {
  const named = { partition: partition(3), digest: { count: 1, readings: 1, hash: new Uint8Array(32) } };
  const settlement: Settlement = { placementEpoch: epoch(1), partitions: [named], flags: 1, readings: 1 };
  const twice: Settlement = { ...settlement, partitions: [named, named], flags: 2, readings: 2 };

  it('helps to decide no T that names a partition twice, whose readings every domain would add twice', async () => {
    cloud = await startSmallCloud({ shape: THREE_DOMAINS });
    const window = await cloud.openWindow();
    const value = settlementCodec.encode(twice);
    for (const vote of await askRegister(window, 'settlement', { counter: 9, value })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
    const fine = { counter: 9, value: settlementCodec.encode(settlement) };
    for (const vote of await askRegister(window, 'settlement', fine)) {
      expect(await vote).toMatchObject({ granted: true });
    }
  });

  it('helps to decide no X that names a flag twice, and nothing that is no value at all', async () => {
    cloud = await startSmallCloud({ shape: THREE_DOMAINS });
    const window = await cloud.openWindow();
    const { entry } = cloud.reading(window, '1');
    const excluded = [entry, entry];
    const value = exclusionCodec.encode({ settlement: new Uint8Array(32), excluded, readings: 0 });
    for (const vote of await askRegister(window, 'exclusion', { counter: 9, value })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
    for (const vote of await askRegister(window, 'settlement', { counter: 9, value: Uint8Array.of(1, 9) })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
  });
});

describe('a proposer', () => {
  it('leaves a register where it is when a hostile node has taken the last ballot, and goes on with all else', async () => {
    const fixed = { window: { kind: 'fixed', durationMs: MINUTE_MS }, retentionMs: 60 * MINUTE_MS } as const;
    cloud = await startSmallCloud({ shape: THREE_DOMAINS, stream: fixed });
    const taken = windowId((Math.floor(START_MS / MINUTE_MS) + 2) * MINUTE_MS);
    for (const vote of await askRegister(taken, 'terms', { counter: Number.MAX_SAFE_INTEGER })) {
      expect(await vote).toMatchObject({ granted: true });
    }
    for (let minutes = 0; minutes < 3; minutes++) await cloud.clock.advance(MINUTE_MS);
    const [node] = cloud.nodeIds as [NodeId];
    const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
    const open = windows.map(({ window }) => window);
    expect(open).not.toContain(taken);
    expect(open).toContain(taken + MINUTE_MS);
  });
});
