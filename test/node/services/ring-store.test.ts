import { expect, it } from 'vitest';
import { readRingRows } from '../../../node/engine/ring-rows.ts';
import { createRings } from '../../../node/engine/rings.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import type { RingStoreComponents } from '../../../node/services/ring-store.ts';
import { createRingStore } from '../../../node/services/ring-store.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { StoreOperation } from '../../../src/ports/index.ts';
import type { RingDocument } from '../../../src/ring/index.ts';
import { domainId, nodeId, storeId } from '../../../src/ring/index.ts';
import { developmentRing, testVerifier } from '../../support/development-ring.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { grown, nextRing } from '../../support/next-ring.ts';
import { recordingLog } from '../../support/recording-log.ts';

const KEY = new Uint8Array(32).fill(7);

it('whatever a crash keeps of the older documents that a new node writes down, they are in a row', async () => {
  const documents: RingDocument[] = [await developmentRing({ nodes: [2, 2, 2] })];
  for (const operatorName of ['One', 'Two', 'Three']) {
    const last = documents.at(-1);
    if (last !== undefined) documents.push(await nextRing(last, (section) => ({ ...section, operatorName })));
  }
  const newest = documents.slice(-1);
  const self = { nodeId: nodeId('a1'), domain: domainId('a'), storeId: storeId('00'.repeat(16)) };
  const rowSeal = createRowSeal(cryptoRandomBytes);
  const staged: StoreOperation[] = [];
  const ringStore = createRingStore({
    journal: {
      stage: (operations: readonly StoreOperation[]) => staged.push(...operations),
      synced: async () => {},
    },
    lock: { run: (_: string, act: () => Promise<unknown>) => act() },
    rings: createRings({ history: { documents: newest }, self }),
    rowSeal,
    storeKey: KEY,
    health: { raise: () => {}, doubt: () => null },
    self,
    verifier: testVerifier,
    promised: [],
  } as unknown as RingStoreComponents);
  for (const document of newest) await ringStore.begin(document);
  await ringStore.takeOlder(documents.slice(0, -1));

  const kept: number[] = [];
  for (let writes = 1; writes <= staged.length; writes++) {
    const store = createMemoryStore();
    for (const operation of staged.slice(0, writes)) await store.commit([operation]);
    const doubts: string[] = [];
    kept.push((await readRingRows(store, rowSeal, KEY, { raise: (why) => void doubts.push(why) })).length);
    expect(doubts).toEqual([]);
  }
  expect(kept).toEqual([1, 2, 3, 4]);
});

it('a document reaches the disk also where too much waits for it, so that what this store promised is not forgotten', async () => {
  const first = await developmentRing({ nodes: [2, 2, 2] });
  const next = await nextRing(first, grown(domainId('a')), first.placementFrom + 1_000);
  const self = { nodeId: nodeId('a1'), domain: domainId('a'), storeId: storeId('00'.repeat(16)) };
  const rowSeal = createRowSeal(cryptoRandomBytes);
  const store = createMemoryStore();
  let full = false;
  const ringStore = createRingStore({
    journal: {
      stage(operations: readonly StoreOperation[]) {
        if (full) throw new EngineError('OVERLOADED', 'expected fewer writes');
        void store.commit(operations);
      },
      async synced() {
        full = false;
      },
    },
    // The last that a node looks at before it promises.
    tables: {
      scan() {
        full = true;
        return [];
      },
    },
    windows: { all: () => [] },
    lock: { run: (_: string, act: () => Promise<unknown>) => act() },
    rings: createRings({ history: { documents: [first] }, self }),
    rowSeal,
    storeKey: KEY,
    health: { raise: () => {}, doubt: () => null },
    self,
    verifier: testVerifier,
    log: recordingLog(),
    promised: [],
  } as unknown as RingStoreComponents);
  await ringStore.begin(first);
  // Whoever brought it brings it once more where it was refused.
  await ringStore.take([next.jws]).catch(() => ringStore.take([next.jws]));
  expect(ringStore.state()).toMatchObject({ epoch: 2, unpromised: [] });
  const rows = await readRingRows(store, rowSeal, KEY, { raise: () => {} });
  expect(rows.map(({ epoch, promised }) => [epoch, promised])).toEqual([
    [1, false],
    [2, true],
  ]);
});
