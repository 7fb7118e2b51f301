import { describe, expect, it } from 'vitest';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { openSealedStore } from '../../../node/engine/sealed-store.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';

describe('a doubt about a store', () => {
  it('outlives the node and whatever raised it: nothing on disk or in a peer needs to show it again', async () => {
    const store = createMemoryStore();
    const options = {
      store,
      rowSeal: createRowSeal(cryptoRandomBytes),
      storeKey: new Uint8Array(32).fill(3),
      randomBytes: cryptoRandomBytes,
      log: recordingLog(),
    };
    const first = await openSealedStore(options);
    expect(first.health.doubt()).toBeNull();
    first.health.checkVote();
    first.health.raise('a peer saw more');
    await first.journal.synced();
    const second = await openSealedStore(options);
    expect(second.health.doubt()).toBe('a peer saw more');
    expect(() => second.health.checkVote()).toThrow(expect.objectContaining({ code: 'STORE_IN_DOUBT' }));
  });
});
