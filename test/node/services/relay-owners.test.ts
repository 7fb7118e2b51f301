import { expect, test } from 'vitest';
import { createRelay } from '../../../node/services/relay.ts';
import { operations } from '../../../src/protocol/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const OWNERS: Readonly<Record<string, readonly string[]>> = { a: ['a1', 'a2'], b: ['b1', 'b2'] };
const BYTES = new Uint8Array(16);
const REQUEST = {
  context: {},
  partition: 0,
  readings: [],
  parts: [{ encapsulated: BYTES, sealed: BYTES, tag: BYTES }],
};
const DONE = { answer: 'STORED', receipt: BYTES, word: BYTES, conflicts: [] };
const VOTED = { answer: 'ACCEPTED', word: BYTES, others: [] };

test('an owner is late beside other owners, not beside the node itself, which answers at once', async () => {
  const clock = createManualClock();
  const asked: string[] = [];
  let answerMs = 100;
  const peers = {
    suspected: () => false,
    async callPeer(node: string, { path }: { path: string }) {
      if (path !== operations.UPLOAD.path) return { packets: [VOTED] };
      asked.push(node);
      if (node !== 'a1') await clock.sleep(answerMs);
      return { packets: [DONE] };
    },
  };
  const placement = { owners: (domain: string) => OWNERS[domain], acceptors: () => ['a1'] };
  const stream = { domains: [{ id: 'a' }, { id: 'b' }] };
  const relay = createRelay({
    admission: { begun: async () => ({ stream, scope: {}, frozen: false, settlement: null }) },
    packets: { proveRelayed: async () => {} },
    rings: { of: () => ({ placement, nodesOf: (domain: string) => OWNERS[domain] }) },
    peers,
    clock,
    self: { nodeId: 'a1' },
  } as never);
  const request = { ...REQUEST, parts: [...REQUEST.parts, ...REQUEST.parts] } as never;
  for (let i = 0; i < 15; i++) await clock.until(relay([request]));
  answerMs = 200;
  asked.length = 0;
  await clock.until(relay([request]));
  expect(asked).toEqual(['a1', 'b1']);
});
