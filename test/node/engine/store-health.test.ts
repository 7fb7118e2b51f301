import { describe, expect, it } from 'vitest';
import { STAGED_OPERATIONS_MAX } from '../../../node/engine/journal.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { openSealedStore } from '../../../node/engine/sealed-store.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';

function optionsOn(store: MemoryStore) {
  return {
    store,
    rowSeal: createRowSeal(cryptoRandomBytes),
    storeKey: new Uint8Array(32).fill(3),
    randomBytes: cryptoRandomBytes,
    log: recordingLog(),
  };
}

describe('a doubt about a store', () => {
  it('outlives the node and whatever raised it: nothing on disk or in a peer needs to show it again', async () => {
    const store = createMemoryStore();
    const options = optionsOn(store);
    const first = await openSealedStore(options);
    expect(first.health.doubt()).toBeNull();
    first.health.checkVote();
    first.health.raise('a peer saw more');
    await first.journal.synced();
    const second = await openSealedStore(options);
    expect(second.health.doubt()).toBe('a peer saw more');
    expect(() => second.health.checkVote()).toThrow(expect.objectContaining({ code: 'STORE_IN_DOUBT' }));
  });

  it('is kept once there is room where the journal takes no more just then', async () => {
    const store = createMemoryStore();
    const first = await openSealedStore(optionsOn(store));
    first.journal.stage([{ kind: 'rows', rows: STAGED_OPERATIONS_MAX, join: () => {} }]);
    first.health.raise('a vote does not authenticate');
    expect(first.health.doubt()).toBe('a vote does not authenticate');
    // What fills the journal, then what waited for room.
    await first.journal.synced();
    await first.journal.synced();
    const second = await openSealedStore(optionsOn(store));
    expect(second.health.doubt()).toBe('a vote does not authenticate');
  });
});
