import { describe, expect, it } from 'vitest';
import { createRepair, type RepairComponents } from '../../../node/services/repair.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations, partitionKey, type WindowScope } from '../../../src/protocol/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

const MINUTE_MS = 60_000;

describe('a window whose rows cannot be fetched', () => {
  /** A repair of two windows, of which nobody has the rows of the first. */
  async function repairOf(damaged: boolean) {
    const ring = await developmentRing({ nodes: [1, 1] });
    const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
    const stream = await openStreamDocument(jws, testVerifier, ring);
    const records = [0, MINUTE_MS].map((window) => ({
      scope: { stream: stream.hash, window: windowId(window), group: 0 },
      stream,
    }));
    const fetched: number[] = [];
    const repair = createRepair({
      self: { domain: 'a', nodeId: 'a-1' },
      damaged: {
        waiting: () => (damaged ? records.map(({ scope }) => partitionKey(scope, partition(1))) : []),
        repaired: () => {},
      },
      health: { doubt: () => (damaged ? null : 'a row does not authenticate') },
      windows: {
        all: () => records,
        findOpen: ({ window }: WindowScope) => records.find(({ scope }) => scope.window === window),
      },
      unopened: { endless: () => [] },
      rings: {
        history: () => ({ documents: [] }),
        livingNodesOf: () => ['a-1', 'a-2'],
        contextOf: () => ({}),
        of: () => ({
          ring: { domains: [] },
          placement: { owners: () => ['a-1'] },
          livingNodesOf: () => ['a-1', 'a-2'],
        }),
      },
      inventory: { take: async () => ({ holdings: [] }) },
      spread: { mark: () => {} },
      callPeer: async () => ({ streams: [], partitions: [] }),
      async gather({ scope }: { readonly scope: WindowScope }) {
        if (scope.window === 0)
          throw new EngineError('UNREACHABLE', 'no answer from a node that left the ring');
        fetched.push(scope.window);
      },
      shares: { refilled: async () => {} },
    } as unknown as RepairComponents);
    await expectCode(repair.run(new AbortController().signal), 'UNREACHABLE');
    return fetched;
  }

  it.each([
    ['a store in doubt', false],
    ['a damaged row', true],
  ])('keeps back itself, and none behind it: of %s', async (_, damaged) => {
    expect(await repairOf(damaged)).toEqual([MINUTE_MS]);
  });
});

it('a window that nobody can say to be open keeps back no other that a store has forgotten', async () => {
  const [lost, open, behind] = [2 * MINUTE_MS, MINUTE_MS, 0];
  const learned: number[] = [];
  const pages = new Map([
    [undefined, [lost, open]],
    [`${open}.0`, [behind]],
  ]);
  const repair = createRepair({
    self: { domain: 'a', nodeId: 'a-1' },
    damaged: { waiting: () => [] },
    health: { doubt: () => 'a vote is lost' },
    windows: { all: () => [] },
    unopened: { endless: () => [] },
    rings: {
      history: () => ({ documents: [] }),
      livingNodesOf: () => ['a-1', 'a-2'],
      contextOf: (scope: WindowScope) => scope,
    },
    admission: {
      async window({ window }: WindowScope) {
        if (window === lost)
          throw new EngineError('INCOMPLETE', 'too few acceptors say whether it was opened');
        learned.push(window);
      },
    },
    async callPeer(_: unknown, operation: unknown, request: { readonly after?: string } | null) {
      if (operation === operations.LIST_STREAMS) return { streams: [{ stream: 'a'.repeat(64) }] };
      return { windows: (pages.get(request?.after) ?? []).map((window) => ({ window, group: 0 })) };
    },
  } as unknown as RepairComponents);
  await expectCode(repair.run(new AbortController().signal), 'INCOMPLETE');
  expect(learned).toEqual([open, behind]);
});
