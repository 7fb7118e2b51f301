import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'vitest';
import { concat, utf8 } from '../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import {
  digestOf,
  entryKey,
  equalDigests,
  operations,
  readingId,
  windowTermsCodec,
} from '../../src/protocol/index.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { fixedKey } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { expectExact } from '../support/exact-result.ts';
import { freshSensor } from '../support/fixed-sensor.ts';
import { imposeSettlement } from '../support/imposed-slots.ts';
import { rawReading } from '../support/raw-reading.ts';
import { extent, refused } from './attack.ts';
import { computeWithLie, poisoned } from './lies.ts';
import { against, commitAll, contextOf, numbers, PRIVATE, rowOf } from './scene.ts';
import { twoSetsOfOneSum } from './set-collision.ts';

/** Readings of which one domain acknowledges nothing, so that they can't be set. */
async function suppressed(kept: number, dropped: number) {
  return against({ stream: PRIVATE }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(kept));
    for (const reading of numbers(dropped)) {
      const victim = cloud.reading(window, reading);
      for (const index of [0, 2]) await victim.upload(index);
    }
    const [a] = cloud.nodeIds as [NodeId];
    return rowOf(cloud, a, window);
  });
}

refused('E1', 'a domain that suppresses most readings to leave few', async () => {
  expect(await suppressed(10, 10)).toMatchObject({ verdict: 'WITHHELD', reason: 'TOO_FEW_COMMITTED' });
});

extent('E1', 'a domain that suppresses a tenth', 'Selective dropping.', async () => {
  expect(await suppressed(18, 2)).toMatchObject({ verdict: 'RELEASED', readings: 18 });
  expect(await suppressed(17, 3)).toMatchObject({ verdict: 'WITHHELD' });
  return 'one domain keeps 2 of 20 sensors out of a released window; with 3 of 20 it is withheld';
});

refused(
  'E2',
  'a second release without the victim, and one that a domain brings about by a claimed loss',
  () =>
    against({ stream: PRIVATE, shape: { nodes: [1, 1, 1], acceptors: 3 } }, async (cloud) => {
      const window = await cloud.openWindow();
      const readings = await commitAll(cloud, window, numbers(20));
      const rows = await Promise.all(cloud.nodeIds.map((node) => rowOf(cloud, node, window)));
      const entries = readings.map(({ entry }) => entry);
      await imposeSettlement(cloud, window, entries.slice(1));
      await cloud.restart();
      expect(await Promise.all(cloud.nodeIds.map((node) => rowOf(cloud, node, window)))).toEqual(rows);
    }),
);

refused('E3', 'a second split under one reading id', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const first = cloud.reading(window, '32');
    await first.upload(0);
    const again = cloud.reading(window, '32', { entry: first.entry });
    const answer = await cloud.ask(first.owner(0), operations.UPLOAD, await again.uploadRequest(0));
    expect(answer.packets).toEqual([{ answer: 'CONFLICT', receipt: null, word: null, conflicts: [0] }]);
    for (const index of [1, 2]) await again.upload(index);
    const set = await cloud.ask(first.acceptor, operations.SET, await again.setRequest({ receipts: [] }));
    expect(set.outcomes).toEqual(['RECEIPTS_REFUSED']);
    await commitAll(cloud, window, ['1']);
    expectExact(await cloud.compute(window), ['1']);
  }),
);

refused('E4', 'a reading of 5000 whose square is 0', () =>
  expectCode(poisoned([1n, 50_000n, 0n]), 'IMPOSSIBLE_AGGREGATE').then(() => undefined),
);

refused('E5', 'a reading of p - 20000', () =>
  expectCode(poisoned([1n, -20_000n, 20_000n ** 2n]), 'IMPOSSIBLE_AGGREGATE').then(() => undefined),
);

extent(
  'E6',
  'a domain that adds a little to one element',
  'It can shift its own sum by a constant that stays within the bounds',
  () =>
    against({}, async (cloud) => {
      const window = await cloud.openWindow();
      await commitAll(cloud, window, numbers(10));
      await expectCode(computeWithLie(cloud, window, [1n, 0n, 0n]), 'IMPOSSIBLE_AGGREGATE');
      await expectCode(computeWithLie(cloud, window, [0n, 100_000n, 0n]), 'IMPOSSIBLE_AGGREGATE');
      const outcome = await computeWithLie(cloud, window, [0n, 10n, 0n]);
      expect(outcome.kind).toBe('result');
      return 'a sum of 45 becomes 46 unseen; a count off by one or a sum out of bounds is refused';
    }),
);

refused('E7', 'a total over labels that shows the withheld one', () =>
  against({ stream: { ...PRIVATE, groups: ['north', 'south'] } }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(10), 1);
    await commitAll(cloud, window, ['31'], 2);
    const series = await cloud.clock.until(cloud.operator.series(cloud.stream, { window, seal: true }));
    expect(series.total).toMatchObject({ readings: 10, parts: 1 });
    expect(series.missing).toMatchObject([{ state: 'withheld' }]);
  }),
);

extent('E7', 'one measurement in two streams', 'The same measurement sent to two streams', () =>
  against({ stream: PRIVATE }, async (cloud) => {
    const { ring, transport } = cloud;
    const window = await cloud.openWindow();
    const payload = { ...streamPayload(ring), ...PRIVATE, nonce: 'ee'.repeat(16) };
    const { stream } = await cloud.operator.putStream(await signStream(payload, fixedKey('operator').signer));
    const terms = { window, notBefore: window, latest: window + 86_400_000 };
    await cloud.clock.until(cloud.operator.openWindow(stream, terms));
    await commitAll(cloud, window, numbers(10));
    for (const reading of [...numbers(10), '31'])
      await rawReading({ ring, stream, transport, window, reading }).commit();
    expectExact(await cloud.compute(window), numbers(10));
    const wider = await cloud.clock.until(cloud.operator.compute(stream, window, { waitMs: 10_000 }));
    expectExact(wider, [...numbers(10), '31']);
    return 'sums over 10 and 11 sensors of two streams differ by the reading of the eleventh';
  }),
);

refused('F13', 'two sets of reading ids with one digest', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const { sensorId } = freshSensor();
    const entryOf = (id: Uint8Array): FlagEntry => ({ readingId: readingId(id), sensorId, count: 1 });
    // What sensors could do if the key of the digest were public and the digest short.
    const label = new Uint8Array(32);
    label.set(utf8('mcloud/1/set-hash'));
    const publicHash = (id: Uint8Array) => sha256(concat(label, entryKey(entryOf(id))));
    const [one, two] = twoSetsOfOneSum(publicHash, cryptoRandomBytes).map((ids) => ids.map(entryOf));
    if (one === undefined || two === undefined) throw new Error('expected two sets');
    const short = (key: Uint8Array, entries: readonly FlagEntry[]) => digestOf(key, entries).hash.slice(24);
    expect(short(label, one)).toEqual(short(label, two));

    const [node] = cloud.nodeIds as [NodeId];
    const ballot = { counter: 0, proposer: 0 };
    const slot = {
      context: contextOf(cloud, window),
      decision: 'terms',
      kind: 'read',
      ballot,
      value: null,
    } as const;
    const asked = cloud.nodeIds.map((to) => cloud.askAs(node, to, operations.SYNOD, slot).catch(() => null));
    const accepted = (await Promise.all(asked)).flatMap((answer) =>
      answer?.accepted ? [answer.accepted] : [],
    );
    const { setHashKey } = windowTermsCodec.decode(accepted[0]?.value ?? new Uint8Array(0));
    expect(short(setHashKey, one)).not.toEqual(short(setHashKey, two));
    expect(equalDigests(digestOf(setHashKey, one), digestOf(setHashKey, two))).toBe(false);
    // No sensor or operator is told K.
    for (const to of cloud.nodeIds)
      await expectCode(cloud.ask(to, operations.SYNOD, slot), 'UNKNOWN_OPERATION');

    for (const entry of one) await cloud.reading(window, '2', { entry }).commit();
    for (const entry of two)
      for (const i of [0, 1, 2]) await cloud.reading(window, '50', { entry }).upload(i);
    expectExact(await cloud.compute(window), Array<string>(one.length).fill('2'));
  }),
);
