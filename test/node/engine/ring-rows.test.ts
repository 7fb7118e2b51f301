import { describe, expect, it } from 'vitest';
import { readRingRows, ringRowWrite } from '../../../node/engine/ring-rows.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { flipBit } from '../../support/tampering.ts';

const KEY = new Uint8Array(32).fill(7);
const rowSeal = createRowSeal(cryptoRandomBytes);

async function storeWith(...epochs: readonly number[]) {
  const store = createMemoryStore();
  await store.commit(
    epochs.map((epoch) =>
      ringRowWrite(rowSeal, KEY, { epoch, jws: `document ${epoch}`, promised: false, inForce: epoch < 3 }),
    ),
  );
  return store;
}

async function read(store: Awaited<ReturnType<typeof storeWith>>) {
  const reasons: string[] = [];
  const rows = await readRingRows(store, rowSeal, KEY, { raise: (why) => void reasons.push(why) });
  return { epochs: rows.map(({ epoch }) => epoch), reasons };
}

describe('the ring documents that a store has kept', () => {
  it('are read in the order of their epochs', async () => {
    expect(await read(await storeWith(3, 1, 2))).toEqual({ epochs: [1, 2, 3], reasons: [] });
  });

  it('are read up to one that is missing, which is a doubt', async () => {
    const { epochs, reasons } = await read(await storeWith(1, 2, 4, 5));
    expect(epochs).toEqual([1, 2]);
    expect(reasons).toEqual(['the stored ring document of epoch 3 is missing']);
  });

  it('are read up to one that does not open, which is a doubt', async () => {
    const store = await storeWith(1, 2, 3);
    flipBit(store, 'meta', 1);
    const { epochs, reasons } = await read(store);
    expect(epochs).toEqual([1]);
    expect(reasons).toEqual(['a stored ring document does not authenticate']);
  });
});
