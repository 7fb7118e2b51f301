import { expect } from 'vitest';
import { operations } from '../../src/protocol/index.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { fixedKey } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { expectExact } from '../support/exact-result.ts';
import { refused } from './attack.ts';
import { against, commitAll, TWO_EACH } from './scene.ts';

refused('A14', 'messages that are sent again, at once and after the seal', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    const [first = expect.fail('no reading')] = await commitAll(cloud, window, ['1', '2']);
    const reading = cloud.reading(window, '4');
    await reading.notice();
    const again = <T>(send: () => Promise<T>) =>
      cloud.clock.until(Promise.all(Array.from({ length: 6 }, send)));
    for (const index of [0, 1, 2]) await again(() => reading.upload(index));
    await again(() => reading.set());
    await again(() => reading.accept());
    await again(() => reading.notice());
    const settled = await cloud.compute(window);
    expectExact(settled, ['1', '2', '4']);
    const late = await reading.uploadRequest(0);
    // A node that six have just asked at once waits for more of them.
    const asked = cloud.ask(reading.owner(0), operations.UPLOAD, late);
    await expectCode(asked, 'WINDOW_SEALED');
    expect(await first.set()).toEqual({ outcomes: ['TRUE'] });
    expect(await cloud.compute(window)).toEqual(settled);
  }),
);

refused('A14', 'messages of one reading in any other order', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const orders = [
      ['SET', 'UPLOAD', 'SET'],
      ['UPLOAD', 'SET', 'UPLOAD'],
      ['SET', 'UPLOAD'],
    ] as const;
    for (const order of orders) {
      const reading = cloud.reading(window, '9');
      for (const [place, step] of order.entries()) {
        if (step === 'UPLOAD') for (const index of [2, 0, 1]) await reading.upload(index);
        else {
          // Whoever has no receipts yet has uploaded nothing.
          const uploaded = order.indexOf('UPLOAD') < place;
          const request = await reading.setRequest(uploaded ? {} : { receipts: [] });
          const { outcomes } = await cloud.ask(reading.acceptor, operations.SET, request);
          expect(outcomes).toEqual([uploaded ? 'TRUE' : 'RECEIPTS_REFUSED']);
        }
      }
    }
    expectExact(await cloud.compute(window), ['9', '9']);
  }),
);

refused('A17', 'TRUE while a share is missing', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '50');
    await reading.notice();
    const receipts: Uint8Array[] = [];
    for (const index of [0, 1]) {
      const request = await reading.uploadRequest(index);
      const { packets } = await cloud.ask(reading.owner(index), operations.UPLOAD, request);
      receipts.push(packets[0]?.receipt ?? new Uint8Array(16));
    }
    const [a = new Uint8Array(16)] = receipts;
    for (const given of [receipts, [...receipts, a], [...receipts, new Uint8Array(16)], []]) {
      const set = await reading.setRequest({ receipts: given });
      const { outcomes } = await cloud.ask(reading.acceptor, operations.SET, set);
      expect(outcomes).toEqual(['RECEIPTS_REFUSED']);
      const { packets } = await cloud.ask(reading.acceptor, operations.ACCEPT, set);
      expect(packets).toEqual([{ answer: 'RECEIPTS_REFUSED', word: null, others: [] }]);
    }
    await commitAll(cloud, window, ['1', '2']);
    expectExact(await cloud.compute(window), ['1', '2']);
  }),
);

refused('A17', 'ERROR that a late share turns back', () =>
  against({ stream: { flagTimeoutMs: 500 } }, async (cloud) => {
    const window = await cloud.openWindow();
    const [, , third] = cloud.nodeIds;
    let reading = cloud.reading(window, '50');
    // The one acceptor is among those that have a share, and so knows of the flag.
    while (reading.acceptor === third) reading = cloud.reading(window, '50');
    for (const index of [0, 1]) await reading.upload(index);
    await cloud.clock.advance(30_000);
    expect(await reading.get()).toEqual({ outcomes: ['ERROR'] });
    await reading.upload(2);
    for (let i = 0; i < 3; i++) {
      expect(await reading.set()).toEqual({ outcomes: ['ERROR'] });
    }
    await commitAll(cloud, window, ['1']);
    expectExact(await cloud.compute(window), ['1']);
  }),
);

refused('A17', 'TRUE on the bare word of an acceptor that lies', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '50');
    for (const index of [0, 1]) await reading.upload(index);
    const [liar, ...others] = reading.acceptors as [NodeId, ...NodeId[]];
    const vote = { kind: 'accept', ballot: { counter: 0, proposer: 0 }, value: 'TRUE' } as const;
    for (const node of others) {
      const bare = cloud.askAs(liar, node, operations.VOTE, { ...reading.flagsRequest, ...vote });
      await expectCode(bare, 'MALFORMED_BODY');
    }
    expect(await reading.get()).toEqual({ outcomes: ['UNDECIDED'] });
    await commitAll(cloud, window, ['1']);
    expectExact(await cloud.compute(window), ['1']);
  }),
);

refused('A19', 'messages of one stream, window or group that are sent about another', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const other = await cloud.openWindow();
    const payload = { ...streamPayload(cloud.ring), nonce: 'ff'.repeat(16) };
    const placed = await cloud.operator.putStream(await signStream(payload, fixedKey('operator').signer));
    const terms = { window, notBefore: window, latest: window + 86_400_000 };
    await cloud.clock.until(cloud.operator.openWindow(placed.stream, terms));
    const reading = cloud.reading(window, '9');
    await reading.notice();
    const uploads = await Promise.all([0, 1, 2].map((index) => reading.uploadRequest(index)));
    for (const index of [0, 1, 2]) await reading.upload(index);
    const set = await reading.setRequest();
    const places = [{ stream: placed.stream.hash }, { window: other }];
    for (const place of places) {
      const moved = <Q extends { readonly context: object }>(request: Q): Q => ({
        ...request,
        context: { ...request.context, ...place },
      });
      const { acceptor } = reading;
      const { outcomes } = await cloud.ask(acceptor, operations.SET, moved(set));
      expect(outcomes).toEqual(['PACKET_REFUSED']);
      const voted = await cloud.ask(acceptor, operations.ACCEPT, moved(set));
      expect(voted.packets).toEqual([{ answer: 'PACKET_REFUSED', word: null, others: [] }]);
      for (const [index, upload] of uploads.entries()) {
        const { packets } = await cloud.ask(reading.owner(index), operations.UPLOAD, moved(upload));
        expect(packets).toEqual([{ answer: 'PACKET_REFUSED', receipt: null, word: null, conflicts: [] }]);
      }
    }
    await reading.set();
    expectExact(await cloud.compute(window), ['9']);
    expect(await cloud.compute(other)).toMatchObject({ kind: 'result', readings: 0 });
  }),
);
