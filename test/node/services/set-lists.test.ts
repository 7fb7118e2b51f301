import { afterEach, describe, expect, it } from 'vitest';
import { listBytesMax } from '../../../node/services/kept-lists.ts';
import { concat } from '../../../src/foundation/index.ts';
import {
  digestOf,
  type FlagEntry,
  operations,
  readingId,
  type SetDigest,
} from '../../../src/protocol/index.ts';
import { PAGE_ENTRIES_MAX } from '../../../src/protocol/limits.ts';
import type { StreamPayload } from '../../../src/protocol/stream-document.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { setHashKeyOf } from '../../support/imposed-slots.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** A window of the stream, a node that keeps lists of one partition of it, and another that sends them. */
async function scene(stream: Partial<StreamPayload> = {}) {
  cloud = await startSmallCloud({ stream });
  const window = await cloud.openWindow();
  const make = (group = 5) => cloud.reading(window, '1', { group });
  const { acceptor, flagsRequest } = make();
  const { context, partition } = flagsRequest;
  const setHashKey = await setHashKeyOf(cloud, window);
  const others = cloud.nodeIds.filter((id) => id !== acceptor) as [NodeId, NodeId];
  const digestFor = (entries: readonly FlagEntry[]) => digestOf(setHashKey, entries);
  const keep = (from: NodeId, digest: SetDigest, entries: readonly FlagEntry[], last = true) =>
    cloud.askAs(from, acceptor, operations.KEEP_LIST, { context, partition, digest, entries, last });
  const read = (digest: SetDigest) =>
    cloud.askAs(acceptor, acceptor, operations.READ_LIST, { context, partition, digest, after: null });
  const rows = () =>
    cloud
      .store(acceptor)
      .rows('windows')
      .filter(([key]) => key[0] === 'T'.charCodeAt(0)).length;
  return { make, others, acceptor, digestFor, keep, read, rows };
}

describe('keeping the ids of a candidate', () => {
  it('a domain stores no more of them than honest nodes can ask for, and another one is not kept out', async () => {
    const { make, others, digestFor, keep, rows } = await scene({ maxReadings: 1, maxExcluded: 1 });
    const [liar, honest] = others;
    const { entry: one } = make();
    const [high = 0, low = 0] = one.readingId;
    const page = Array.from({ length: PAGE_ENTRIES_MAX }, (_, i) => ({
      ...one,
      readingId: readingId(concat(Uint8Array.of(high, low, i >> 8, i & 255), new Uint8Array(12))),
    }));
    // Each under another digest, as from a node that knows K; the last page never comes.
    const send = (number: number) =>
      keep(
        liar,
        { count: page.length, readings: page.length, hash: new Uint8Array(32).fill(number) },
        page,
        false,
      );
    const room = Math.floor(listBytesMax(1) / (PAGE_ENTRIES_MAX * 36));
    for (let number = 0; number < room; number++) expect(await send(number)).toEqual({ kept: true });
    await expectCode(send(room), 'WINDOW_FULL');
    expect(rows()).toBe(room);
    await cloud.restart();
    await expectCode(send(room), 'WINDOW_FULL');
    // A page that is counted already may be sent again.
    expect(await send(0)).toEqual({ kept: true });
    expect(rows()).toBe(room);
    const { entry } = make();
    expect(await keep(honest, digestFor([entry]), [entry])).toEqual({ kept: true });
    // What is there may be sent again.
    expect(await keep(honest, digestFor([entry]), [entry])).toEqual({ kept: true });
  });

  it('one that is whole is neither written over nor added to', async () => {
    const { make, others, digestFor, keep, read } = await scene();
    const [honest, liar] = others;
    const [{ entry }, { entry: other }] = [make(), make()];
    const digest = digestFor([entry]);
    await keep(honest, digest, [entry]);
    await keep(liar, digest, [other], false);
    expect(await read(digest)).toMatchObject({ known: true, entries: [entry] });
  });

  it('one that somebody spoiled is dropped, and kept when it is sent again', async () => {
    const { make, others, digestFor, keep, read, rows } = await scene();
    const [honest, liar] = others;
    const [{ entry }, { entry: other }] = [make(), make()];
    const digest = digestFor([entry]);
    await keep(liar, digest, [other], false);
    expect(await keep(honest, digest, [entry])).toEqual({ kept: false });
    expect(rows()).toBe(0);
    expect(await keep(honest, digest, [entry])).toEqual({ kept: true });
    expect(await read(digest)).toMatchObject({ known: true, entries: [entry] });
  });

  it('only an acceptor of the partition keeps them, and no flag of another partition', async () => {
    const { make, others, digestFor, keep } = await scene();
    const [honest] = others;
    const { entry: foreign } = make(6);
    await expectCode(keep(honest, digestFor([foreign]), [foreign]), 'MALFORMED_BODY');
    const { acceptor, entry, flagsRequest } = make();
    const { context, partition } = flagsRequest;
    const list = { context, partition, digest: digestFor([entry]), entries: [entry], last: true };
    for (const node of cloud.nodeIds.filter((id) => id !== acceptor))
      await expectCode(cloud.askAs(honest, node, operations.KEEP_LIST, list), 'WRONG_NODE');
  });

  it('ids that are not those of their digest are not kept under it', async () => {
    const { make, others, digestFor, keep, read } = await scene();
    const [{ entry }, { entry: other }] = [make(), make()];
    expect(await keep(others[0], digestFor([entry]), [other])).toEqual({ kept: false });
    expect(await read(digestFor([entry]))).toMatchObject({ known: false });
  });
});
