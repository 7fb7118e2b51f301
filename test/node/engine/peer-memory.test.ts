import { describe, expect, it } from 'vitest';
import { openPeerMemory, stampContentType, stampOf } from '../../../node/engine/peer-memory.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { toHex } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { nodeId, storeId } from '../../../src/ring/index.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';
import { flipBit } from '../../support/tampering.ts';

const KEY = new Uint8Array(32).fill(7);
const rowSeal = createRowSeal(cryptoRandomBytes);
const NODE = nodeId('b1');
const STORE = storeId('0123456789abcdef0123456789abcdef');
const NEW_STORE = storeId('fedcba9876543210fedcba9876543210');

const anyStamp = fc.record({
  storeId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => storeId(toHex(bytes))),
  commitSeq: fc.integer({ min: 0, max: 10 ** 15 - 1 }),
});

describe('what a node remembers of the others', () => {
  const open = (store = createMemoryStore()) => openPeerMemory(store, rowSeal, KEY);

  it('is nothing at first', async () => {
    expect((await open()).recall(NODE, STORE)).toBe(0);
  });

  it('is the highest number seen, and is never lowered', async () => {
    const memory = await open();
    memory.note(NODE, { storeId: STORE, commitSeq: 7 });
    memory.note(NODE, { storeId: STORE, commitSeq: 3 });
    expect(memory.recall(NODE, STORE)).toBe(7);
    memory.note(NODE, { storeId: STORE, commitSeq: 8 });
    expect(memory.recall(NODE, STORE)).toBe(8);
  });

  it('is of one store of one node', async () => {
    const memory = await open();
    memory.note(NODE, { storeId: STORE, commitSeq: 7 });
    expect(memory.recall(NODE, NEW_STORE)).toBe(0);
    expect(memory.recall(nodeId('b2'), STORE)).toBe(0);
  });

  it('is read back after a restart, once its writes were committed', async () => {
    const store = createMemoryStore();
    const memory = await open(store);
    memory.note(NODE, { storeId: STORE, commitSeq: 7 });
    memory.note(NODE, { storeId: NEW_STORE, commitSeq: 2 });
    expect((await open(store)).recall(NODE, STORE)).toBe(0);
    await store.commit(memory.takeWrites());
    const again = await open(store);
    expect(again.recall(NODE, STORE)).toBe(7);
    expect(again.recall(NODE, NEW_STORE)).toBe(2);
    again.note(NODE, { storeId: STORE, commitSeq: 5 });
    expect(again.takeWrites()).toEqual([]);
  });

  it('is written once per change', async () => {
    const memory = await open();
    expect(memory.takeWrites()).toEqual([]);
    memory.note(NODE, { storeId: STORE, commitSeq: 7 });
    memory.note(NODE, { storeId: STORE, commitSeq: 9 });
    expect(memory.takeWrites()).toHaveLength(1);
    memory.note(NODE, { storeId: STORE, commitSeq: 9 });
    expect(memory.takeWrites()).toEqual([]);
  });

  it('is none, and the store in doubt, where its row was changed on disk', async () => {
    const store = createMemoryStore();
    const memory = await open(store);
    memory.note(NODE, { storeId: STORE, commitSeq: 7 });
    await store.commit(memory.takeWrites());
    expect((await open(store)).doubt).toBeNull();
    flipBit(store, 'meta');
    const spoilt = await open(store);
    expect(spoilt.recall(NODE, STORE)).toBe(0);
    expect(spoilt.doubt).toContain('does not authenticate');
  });
});

describe('the stamp of a reply', () => {
  test.prop([anyStamp])('is read back from the content type', (stamp) => {
    expect(stampOf(stampContentType('application/octet-stream', stamp))).toEqual(stamp);
  });

  it.each([
    'application/json',
    'application/json; store=0123456789abcdef0123456789abcdef',
    'application/json; store=0123456789ABCDEF0123456789ABCDEF; seq=1',
    'application/json; store=0123456789abcdef0123456789abcdef; seq=-1',
    'application/json; store=0123456789abcdef0123456789abcdef; seq=1234567890123456',
    'application/json; store=0123456789abcdef0123456789abcdef; seq=1; more=2',
  ])('is none in %s', (contentType) => {
    expect(stampOf(contentType)).toBeNull();
  });
});
