import { utf8 } from '../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Operation } from '../../src/protocol/index.ts';
import { digestOf, operations } from '../../src/protocol/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { fixedKey } from '../support/development-ring.ts';
import type { SmallCloud } from '../support/small-cloud.ts';

/** Good messages about a window that holds something, to be spoilt. */
export interface GoodBodies {
  readonly window: WindowId;
  /** Shares that the nodes hold. */
  readonly shares: readonly Uint8Array[];
  /** The register's value with K in it. */
  readonly terms: Uint8Array;
  /** Of a GET the query. */
  goodOf(method: string, path: string): readonly Uint8Array[];
}

export async function bodiesOf(cloud: SmallCloud): Promise<GoodBodies> {
  const window = await cloud.openWindow();
  const readings = ['21.3', '-7'].map((reading) => cloud.reading(window, reading, { group: 7 }));
  for (const reading of readings) await reading.commit();
  const fresh = cloud.reading(window, '5', { group: 7 });
  const { context, partition } = fresh.flagsRequest;
  const zero = { counter: 0, proposer: 0 };
  const read = { context, decision: 'terms', kind: 'read', ballot: zero, value: null } as const;
  const [from] = cloud.nodeIds;
  if (from === undefined) throw new Error('expected a node');
  const [register] = (
    await Promise.all(
      cloud.nodeIds.map((to) => cloud.askAs(from, to, operations.SYNOD, read).catch(() => null)),
    )
  ).flatMap((answer) => (answer?.accepted ? [answer.accepted] : []));
  if (register === undefined) throw new Error('expected the terms of the window');
  const entries = [...readings, fresh].map(({ entry }) => entry);
  const digest = digestOf(cryptoRandomBytes(32), entries);
  const place = { context, partition };
  const digests = [{ partition, digest }];
  const stream = cloud.stream.hash;
  const head = { authority: fixedKey('authority').publicKey, sequence: 1 };
  const storeId = cloud.ring.domains[0]?.nodes[0]?.storeId ?? '';
  const { ACCEPT, SET, GET, UPLOAD, RELAY, COPY } = operations;

  const good = new Map<string, Uint8Array[]>();
  function add<Q, R>({ method, path, request }: Operation<Q, R>, ...bodies: readonly Q[]): void {
    good.set(
      `${method} ${path}`,
      bodies.map((body) => request.encode(body)),
    );
  }
  add(ACCEPT, await fresh.setRequest(), await (readings[0] ?? fresh).setRequest());
  add(SET, await fresh.setRequest(), await (readings[0] ?? fresh).setRequest());
  add(GET, fresh.flagsRequest, { ...place, flags: entries });
  add(UPLOAD, await fresh.uploadRequest(0), await (readings[0] ?? fresh).uploadRequest(0));
  add(RELAY, await fresh.relayRequest(), await (readings[0] ?? fresh).relayRequest());
  add(COPY, fresh.copyRequest(0), (readings[0] ?? fresh).copyRequest(0));
  add(operations.PUBLISH_RING, { ring: cloud.ring.jws });
  add(operations.PUT_ROSTER, { document: cloud.stream.jws });
  add(operations.PUT_STREAM, { document: cloud.stream.jws });
  add(operations.RETIRE_STREAM, { document: cloud.stream.jws });
  add(operations.OPEN_WINDOW, { stream, window, notBefore: window, latest: window + 60_000 });
  add(operations.SEAL, { stream, window, group: 0 });
  add(operations.COMPUTE, { stream, window, group: 0 });
  const votes = { ...place, flags: entries, value: null } as const;
  add(
    operations.VOTE,
    { ...votes, kind: 'read', ballot: zero },
    { ...votes, kind: 'prepare', ballot: { counter: 1, proposer: 1 } },
    { ...votes, kind: 'accept', ballot: { counter: 1, proposer: 1 }, value: 'TRUE' },
  );
  add(operations.SYNOD, read, {
    ...read,
    kind: 'accept',
    ballot: { counter: 1, proposer: 1 },
    value: register.value,
  });
  add(operations.LEDGER, { ...read, decision: 'release' });
  add(operations.FREEZE, { context });
  add(operations.FROZEN_LIST, { ...place, after: null });
  add(operations.KEEP_LIST, { ...place, digest, entries, last: true });
  add(operations.READ_LIST, { ...place, digest, after: null });
  add(operations.ANNOUNCE, { context });
  add(operations.RECALL, { storeId });
  add(operations.COMMITTED, { storeId, commitSeq: 1 });
  add(operations.OFFER_RING, { epoch: cloud.ring.epoch, hash: cloud.ring.hash, rings: [cloud.ring.jws] });
  add(operations.RETIREMENTS, { known: [stream] });
  add(operations.ROSTER_NEWS, head);
  add(operations.ROSTER_BATCH, head);
  add(operations.READY, { context, settlement: digest.hash });
  add(operations.HELD, { context, partitions: digests });
  add(operations.SUM, { context, partitions: digests, excluded: [] });
  add(operations.SENSORS, { context, partitions: digests, excluded: [], from: partition });
  add(operations.COMPARE, { ...place, entries });
  add(operations.ROWS, { ...place, after: null });
  add(operations.GATHER, { context, partitions: [partition] });
  add(operations.INVENTORY, { context });
  good.set(`GET ${operations.READ_RINGS.path}`, [utf8('from=1')]);
  good.set(`GET ${operations.READ_STREAM.path}`, [
    utf8(`stream=${stream}`),
    utf8(`stream=${stream}&after=1.0`),
  ]);

  return {
    window,
    shares: readings.map(({ share }) => share(0)),
    terms: register.value,
    // The rest takes no content.
    goodOf: (method, path) => good.get(`${method} ${path}`) ?? [new Uint8Array(0)],
  };
}
