import { afterEach, describe, expect, it } from 'vitest';
import { concat, fromBase64Url, toHex, utf8 } from '../../../src/foundation/index.ts';
import {
  entryKey,
  operations,
  releasedRowCodec,
  windowKey,
  windowTermsCodec,
} from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { isPending } from '../../support/pending.ts';
import { registerOf } from '../../support/register-of.ts';
import { diskText, type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, dropRow, flipBit } from '../../support/tampering.ts';

const MINUTE = 60_000;
const RETENTION = 2 * MINUTE;
const STREAM = { retentionMs: RETENTION } as const;
/** Rounds of care come at the latest this often. */
const CARE = 3_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

const questionOf = (window: WindowId) => ({ stream: cloud.stream.hash, window, group: 0 });
const contextOf = (window: WindowId) => cloud.reading(window, '1').flagsRequest.context;

async function computeAt(node: NodeId, window: WindowId) {
  return cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window)));
}

async function open(stream = {}) {
  cloud = await startSmallCloud({ shape: { nodes: [2, 1], acceptors: 3 }, stream: { ...STREAM, ...stream } });
  return cloud.openWindow({ latest: START_MS + MINUTE });
}

const toErasure = () => cloud.clock.advance(START_MS + MINUTE + RETENTION + CARE - cloud.clock.now());

/** Rows of the windows table that begin so, and their places there. */
const rowsOf = (node: NodeId, letter: string) =>
  cloud
    .store(node)
    .rows('windows')
    .flatMap(([key], place) => (key[0] === letter.charCodeAt(0) ? [{ key, place }] : []));

const isUnfinished = ({ key }: { readonly key: Uint8Array }): boolean => key[0] === 'Y'.charCodeAt(0);

async function stateOf(node: NodeId) {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.map(({ state }) => state);
}

describe('at a window’s end and retention', () => {
  it('rows, flags, hints, lists and the key are gone at every node, and no reading is named any more', async () => {
    const window = await open();
    const readings = ['1', '2', '3'].map((reading) => cloud.reading(window, reading));
    for (const reading of readings) await reading.commit();
    const unset = cloud.reading(window, '50');
    await unset.notice();
    await unset.upload(0);
    expectExact(await cloud.compute(window), ['1', '2', '3']);
    await cloud.clock.advance(START_MS + MINUTE + RETENTION - 1_000 - cloud.clock.now());
    // Records that hold rows of single readings, as they lie on the disk.
    const sealed = cloud.nodeIds.flatMap((id) =>
      [...cloud.store(id).rows('values'), ...cloud.store(id).rows('flags')].map(([, value]) => toHex(value)),
    );
    expect(sealed.length).toBeGreaterThan(0);
    const names = [...readings, unset].map(({ entry }) => toHex(entryKey(entry)));

    await toErasure();
    for (const node of cloud.nodeIds) {
      expect(cloud.store(node).rows('values')).toEqual([]);
      expect(cloud.store(node).rows('flags')).toEqual([]);
      expect(await cloud.keys(node).find(cloud.stream.hash, window, 0)).toBeUndefined();
      // A delete leaves the bytes in the files until they are compacted.
      const compacted = cloud.store(node).compactions.map(([table, from]) => `${table} ${toHex(from)}`);
      const prefix = toHex(windowKey(questionOf(window)));
      expect(compacted).toEqual(expect.arrayContaining([`values ${prefix}`, `flags ${prefix}`]));
      for (const text of [...names, ...sealed]) expect(diskText(cloud.store(node))).not.toContain(text);
      expect(cloud.handle(node).status()).toMatchObject({ undecidedFlags: 0, hintedPartitions: 0 });
    }
  });

  it('the numbers of rows stay right, so that the next start finds nothing to doubt', async () => {
    const window = await open();
    for (const reading of ['1', '2']) await cloud.reading(window, reading).commit();
    await toErasure();
    const later = await cloud.openWindow({ window: windowId(cloud.clock.now()) });
    await cloud.reading(later, '7').commit();
    await cloud.restart();
    for (const node of cloud.nodeIds)
      expect(cloud.handle(node).readiness()).toEqual({ ready: true, reasons: [] });
    expectExact(await cloud.compute(later), ['7']);
  });

  it('every message about it is answered ERASED, never “not held”, and what is offered is dropped', async () => {
    const window = await open();
    const reading = cloud.reading(window, '1');
    await reading.commit();
    const [a1, a2, b1] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    await toErasure();
    const before = diskText(cloud.store(a1)).length;
    const context = contextOf(window);
    const partition = reading.partition;
    const ballot = { counter: 1, proposer: 0 };
    const slot = { context, ballot, value: null } as const;
    for (const refused of [
      () => reading.accept(a1),
      () => reading.upload(0, a1),
      () => reading.set(a1),
      () => reading.get(a1),
      () => cloud.askAs(a2, a1, operations.HELD, { context, partitions: [] }),
      () => cloud.askAs(a2, a1, operations.ROWS, { context, partition, after: null }),
      () => cloud.askAs(a2, a1, operations.COMPARE, { context, partition, entries: [reading.entry] }),
      () => cloud.askAs(b1, a1, operations.FREEZE, { context }),
      () => cloud.askAs(b1, a1, operations.SYNOD, { ...slot, decision: 'settlement', kind: 'read' }),
      () => cloud.askAs(a2, a1, operations.LEDGER, { ...slot, decision: 'release', kind: 'prepare' }),
      () => cloud.order(a1, operations.COMPUTE, questionOf(window)),
      () => cloud.order(a1, operations.SEAL, questionOf(window)),
    ])
      await expectCode(cloud.clock.until(refused()), 'WINDOW_ERASED');
    expect(diskText(cloud.store(a1)).length).toBe(before);
    expect(await stateOf(a1)).toEqual(['ERASED']);
  });

  it('what was released is still told, the same bytes through any node and after a restart', async () => {
    const window = await open();
    for (const reading of ['1', '2']) await cloud.reading(window, reading).commit();
    const rows = new Map<NodeId, unknown>();
    for (const node of cloud.nodeIds) rows.set(node, await computeAt(node, window));
    await toErasure();
    for (const node of cloud.nodeIds) {
      expect(await computeAt(node, window)).toEqual(rows.get(node));
      expect(await stateOf(node)).toEqual(['RELEASED']);
    }
    await cloud.restart();
    for (const node of cloud.nodeIds) expect(await computeAt(node, window)).toEqual(rows.get(node));
    expectExact(await cloud.compute(window), ['1', '2']);
  });

  it('nothing of it is among the rows that every start reads, and its ledger’s votes are told all the same', async () => {
    const window = await open();
    await cloud.reading(window, '1').commit();
    const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
    await computeAt(a1, window);
    const ballot = { counter: 0, proposer: 0 };
    const read = {
      context: contextOf(window),
      decision: 'release',
      kind: 'read',
      ballot,
      value: null,
    } as const;
    const votes = () => cloud.askAs(a2, a1, operations.LEDGER, read);
    const vote = await votes();
    expect(vote.accepted).not.toBeNull();
    await toErasure();
    expect(await votes()).toEqual(vote);
    await cloud.restart();
    for (const node of cloud.nodeIds) expect([...rowsOf(node, 'S'), ...rowsOf(node, 'W')]).toEqual([]);
    expect(await votes()).toEqual(vote);
  });

  it('a node that never heard what was released reads it where a majority of its domain still has it', async () => {
    const shape = { nodes: [3, 1], acceptors: 3, replicas: 2 } as const;
    cloud = await startSmallCloud({ shape, stream: STREAM });
    const window = await cloud.openWindow({ latest: START_MS + MINUTE });
    await cloud.reading(window, '1').commit();
    const [a1, a2, a3] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    // A node that is there would hear of the release by itself.
    await cloud.stop(a3);
    const row = await computeAt(a1, window);
    expect(row).toMatchObject({ status: 'ROW' });
    expect(await computeAt(a2, window)).toEqual(row);
    await toErasure();
    await cloud.start(a3);
    expect(await stateOf(a3)).toEqual(['ERASED']);
    expect(await computeAt(a3, window)).toEqual(row);
  });

  it('votes about a window that the node never knew to be open are gone as well', async () => {
    await open();
    const window = windowId(START_MS - 500);
    const { context } = cloud.reading(window, '1').flagsRequest;
    const [node] = registerOf(cloud, window);
    const [other] = cloud.nodeIds.filter((id) => id !== node);
    const vote = (kind: 'prepare' | 'accept') =>
      cloud.askAs(other as NodeId, node as NodeId, operations.SYNOD, {
        context,
        decision: 'terms',
        kind,
        ballot: { counter: 1, proposer: 0 },
        value: kind === 'prepare' ? null : windowTermsCodec.encode(terms),
      });
    const terms = { notBefore: window, latest: START_MS + MINUTE, setHashKey: new Uint8Array(32).fill(7) };
    for (const kind of ['prepare', 'accept'] as const)
      expect(await vote(kind)).toMatchObject({ granted: true });
    const votes = () =>
      cloud
        .store(node as NodeId)
        .rows('windows')
        .filter(
          ([key]) =>
            toHex(key) === toHex(concat(utf8('S'), windowKey({ ...context, window }), utf8('terms'))),
        );
    // Read back from the disk, as long as the window is not past its retention.
    await cloud.restart();
    expect(votes()).toHaveLength(1);
    await toErasure();
    expect(votes()).toEqual([]);
    await expectCode(vote('accept'), 'WINDOW_ERASED');
  });

  it('votes about such a window are also gone where the node was away when its time was over', async () => {
    await open({ window: { kind: 'fixed', durationMs: MINUTE } }).catch(() => undefined);
    const window = windowId(Math.ceil(START_MS / MINUTE) * MINUTE);
    const { context } = cloud.reading(window, '1').flagsRequest;
    const [node] = registerOf(cloud, window);
    const [other] = cloud.nodeIds.filter((id) => id !== node);
    const ballot = { counter: 9, proposer: 0 };
    const promise = { context, decision: 'terms', kind: 'prepare', ballot, value: null } as const;
    await cloud.askAs(other as NodeId, node as NodeId, operations.SYNOD, promise);
    await cloud.stop(node as NodeId);
    const voted = () =>
      cloud
        .store(node as NodeId)
        .rows('windows')
        .filter(([key]) =>
          toHex(key).startsWith(toHex(concat(utf8('S'), windowKey({ ...context, window })))),
        );
    expect(voted()).not.toEqual([]);
    await cloud.clock.advance(window + MINUTE + RETENTION - cloud.clock.now());
    await cloud.start(node as NodeId);
    expect(voted()).toEqual([]);
  });

  /** A node of a register that has made a promise about an open window, and knows nothing else of it. */
  async function promised() {
    cloud = await startSmallCloud({ shape: { nodes: [2, 1], acceptors: 3 }, stream: STREAM });
    const [other, second, node] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    await cloud.stop(node);
    const window = await cloud.openWindow({ latest: START_MS + MINUTE });
    await cloud.clock.advance(2 * MINUTE);
    await cloud.start(node);
    const promise = {
      context: contextOf(window),
      decision: 'terms',
      kind: 'prepare',
      ballot: { counter: 99, proposer: 0 },
      value: null,
    } as const;
    const ask = () => cloud.askAs(other, node, operations.SYNOD, promise);
    expect(await ask()).toMatchObject({ granted: true });
    const kept = () =>
      cloud
        .store(node)
        .rows('windows')
        .filter(([key]) => toHex(key).startsWith(toHex(concat(utf8('S'), windowKey(promise.context)))));
    expect(kept()).toHaveLength(1);
    return { second, ask, kept };
  }

  it('a promise about a window whose end the node never learned is gone when a majority has erased it', async () => {
    const { ask, kept } = await promised();
    await toErasure();
    await cloud.clock.advance(MINUTE);
    expect(kept()).toEqual([]);
    await expectCode(ask(), 'WINDOW_ERASED');
  });

  it('a promise about a window that only one node has erased is kept', async () => {
    const { second, kept } = await promised();
    await cloud.stop(second);
    await toErasure();
    await cloud.clock.advance(MINUTE);
    expect(kept()).toHaveLength(1);
    await cloud.start(second);
    await cloud.clock.advance(MINUTE);
    expect(kept()).toEqual([]);
  });

  it('a promise is gone also where a store in doubt is one of the two that have erased the window', async () => {
    const { second, kept } = await promised();
    await cloud.stop(second);
    for (const { place } of rowsOf(second, 'S')) flipBit(cloud.store(second), 'windows', place);
    await cloud.start(second);
    expect(cloud.handle(second).readiness().reasons.join()).toContain('does not authenticate');
    await toErasure();
    await cloud.clock.advance(MINUTE);
    expect(kept()).toEqual([]);
  });

  it('a window that was withheld is erased like any other, and stays withheld', async () => {
    const window = await open({ publicData: false, minSensors: 10 });
    await cloud.reading(window, '1').commit();
    const [node] = cloud.nodeIds as [NodeId];
    const row = await computeAt(node, window);
    await toErasure();
    expect(cloud.store(node).rows('values')).toEqual([]);
    expect(await computeAt(node, window)).toEqual(row);
    const bytes = row.status === 'ROW' ? fromBase64Url(row.row) : new Uint8Array(0);
    expect(releasedRowCodec.decode(bytes)).toMatchObject({ verdict: 'WITHHELD' });
  });

  it('a node that was away erases at its start, before it serves', async () => {
    const window = await open();
    for (const reading of ['1', '2', '3', '4']) await cloud.reading(window, reading).commit();
    const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
    await cloud.stop(a2);
    expect(cloud.store(a2).rows('values').length + cloud.store(a1).rows('values').length).toBe(4);
    await toErasure();
    await cloud.start(a2);
    expect(cloud.store(a2).rows('values')).toEqual([]);
    expect(cloud.store(a2).rows('flags')).toEqual([]);
    const context = contextOf(window);
    await expectCode(cloud.askAs(a1, a2, operations.HELD, { context, partitions: [] }), 'WINDOW_ERASED');
  });

  it('a node that stops in the middle of it goes on at its start', async () => {
    const window = await open();
    await cloud.reading(window, '1').commit();
    const [node] = cloud.nodeIds as [NodeId];
    const store = cloud.store(node);
    await cloud.clock.advance(START_MS + MINUTE + RETENTION - 2_000 - cloud.clock.now());
    const earlier = store.commits.length;
    const begun = () => store.commits.slice(earlier).flat().some(isUnfinished);
    while (!begun()) await cloud.clock.advance(100);
    await cloud.stop(node);
    await cloud.start(node);
    expect(cloud.handle(node).readiness().reasons).toEqual([]);
    expect(store.rows('values')).toEqual([]);
    expect(store.rows('windows').some(([key]) => isUnfinished({ key }))).toBe(false);
  });

  it('a node goes on also where the row does not open that says so', async () => {
    const window = await open();
    await cloud.reading(window, '1').commit();
    const [node] = cloud.nodeIds as [NodeId];
    const store = cloud.store(node);
    await toErasure();
    await cloud.stop(node);
    const note = store.commits.flat().find(isUnfinished)?.key ?? new Uint8Array(0);
    store.put('windows', note, new Uint8Array(35));
    await cloud.start(node);
    expect(store.rows('windows').some(([key]) => isUnfinished({ key }))).toBe(false);
  });

  it('a node starts where the note of an erasure does not open, or a vote about a window that never opened', async () => {
    const window = await open();
    await cloud.reading(window, '1').commit();
    const [node, other] = cloud.nodeIds as [NodeId, NodeId];
    const later = windowId(START_MS + 10 * MINUTE);
    await cloud.askAs(other, node, operations.SYNOD, {
      context: { ...contextOf(window), window: later },
      decision: 'terms',
      kind: 'prepare',
      ballot: { counter: 1, proposer: 0 },
      value: null,
    });
    await toErasure();
    const votes = ['X', 'S'].map((letter) => rowsOf(node, letter).map(({ place }) => place));
    expect(votes.every((places) => places.length > 0)).toBe(true);
    await cloud.stop(node);
    for (const place of votes.flat()) flipBit(cloud.store(node), 'windows', place);
    await cloud.start(node);
    expect(cloud.handle(node).readiness().reasons.join()).toContain('does not authenticate');
  });

  /** A window that is open beside one whose erasure the node did not finish, and what it noted of that. */
  async function halfErased() {
    const gone = await open();
    const left = await cloud.openWindow({ window: windowId(gone + 2 ** 16), latest: START_MS + 60 * MINUTE });
    const reading = cloud.reading(gone, '1', { group: 5 });
    await reading.commit();
    const node = reading.owner(0);
    const store = cloud.store(node);
    const before = copyDisk(store);
    await toErasure();
    await cloud.reading(left, '7', { group: 5 }).commit();
    await cloud.stop(node);
    await cloud.keys(node).create(cloud.stream.hash, gone, 0);
    for (const [table, row, value] of before)
      if (table === 'values' || table === 'flags') store.put(table, row, value);
    const note = store.commits.flat().find(isUnfinished);
    if (note?.kind !== 'put') throw new Error('expected the note of an erasure under way');
    const keyOf = (window: WindowId, letter: string) => concat(utf8(letter), windowKey(questionOf(window)));
    return { gone, left, node, store, note, keyOf };
  }

  it.each(['Y', 'X'])(
    'a note %s whose damaged key names an open window takes nothing from it',
    async (letter) => {
      const { left, node, store, note, keyOf } = await halfErased();
      store.put('windows', keyOf(left, letter), note.value);
      const rows = cloud.rowsAt(node, 'values').length;
      expect(rows).toBeGreaterThan(0);
      await cloud.start(node);
      expect(cloud.rowsAt(node, 'values')).toHaveLength(rows);
      expect(await stateOf(node)).toContain('OPEN');
      expect(await cloud.keys(node).find(cloud.stream.hash, left, 0)).toBeDefined();
    },
  );

  it('a node goes on also where its disk has lost that there is something to destroy', async () => {
    const { gone, node, store } = await halfErased();
    const prefix = toHex(windowKey(questionOf(gone)));
    const left = () =>
      (['values', 'flags'] as const)
        .flatMap((table) => store.rows(table).map(([key]) => toHex(key)))
        .filter((key) => key.startsWith(prefix));
    expect(left()).not.toEqual([]);
    await cloud.start(node);
    expect(left()).toEqual([]);
    expect(await cloud.keys(node).find(cloud.stream.hash, gone, 0)).toBeUndefined();
  });

  it('a node erases also what its disk has lost the window of', async () => {
    const window = await open();
    for (const reading of ['1', '2', '3', '4']) await cloud.reading(window, reading).commit();
    const node = cloud.nodeIds.find((id) => cloud.store(id).rows('values').length > 0) as NodeId;
    await cloud.stop(node);
    const store = cloud.store(node);
    for (const letter of ['W', 'S'])
      while (rowsOf(node, letter).length > 0) await dropRow(store, 'windows', rowsOf(node, letter)[0]?.place);
    await toErasure();
    await cloud.start(node);
    await cloud.clock.advance(8 * CARE);
    expect(store.rows('values')).toEqual([]);
    expect(store.rows('flags')).toEqual([]);
    expect(await cloud.keys(node).find(cloud.stream.hash, window, 0)).toBeUndefined();
  });

  it('a node erases also windows of a stream whose document its disk has lost and nobody had when it started', async () => {
    const window = await open();
    for (const reading of ['1', '2', '3', '4']) await cloud.reading(window, reading).commit();
    const node = cloud.nodeIds.find((id) => cloud.store(id).rows('values').length > 0) as NodeId;
    const store = cloud.store(node);
    for (const id of cloud.nodeIds) await cloud.stop(id);
    await dropRow(store, 'documents');
    await toErasure();
    const started = cloud.start(node);
    expect(await isPending(started)).toBe(true);
    for (const id of cloud.nodeIds.filter((one) => one !== node)) await cloud.start(id);
    expect((await started).readiness().reasons.join()).toContain('the document of a stream');
    await cloud.clock.advance(8 * CARE);
    expect(store.rows('values')).toEqual([]);
    expect(store.rows('flags')).toEqual([]);
    expect(rowsOf(node, 'W')).toEqual([]);
    expect(rowsOf(node, 'S')).toEqual([]);
    expect(await cloud.keys(node).find(cloud.stream.hash, window, 0)).toBeUndefined();
  });

  it('a fixed window that a node never knew is erased by its name', async () => {
    await open({ window: { kind: 'fixed', durationMs: MINUTE } }).catch(() => undefined);
    const start = windowId(Math.floor(START_MS / MINUTE) * MINUTE - 12 * MINUTE);
    await expectCode(cloud.reading(start, '1').notice(), 'WINDOW_ERASED');
  });
});
