import { describe, expect, it } from 'vitest';
import {
  createJoinedRequests,
  JOINED_REQUESTS_MAX,
  type JoinedRequestsComponents,
} from '../../../node/services/joined-requests.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import type { RelayRequest, SetRequest, UploadRequest } from '../../../src/protocol/index.ts';
import { readingId, sensorId } from '../../../src/protocol/index.ts';
import { epoch, partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const context = {
  epoch: epoch(1),
  placementEpoch: epoch(1),
  stream: streamHash('ab'.repeat(32)),
  window: windowId(1_000),
  group: 0,
};
const id = (number: number) => readingId(new Uint8Array(16).fill(number));

const packet = (number: number, readings = 1) => ({
  sensorId: sensorId(new Uint8Array(16).fill(number)),
  publicKey: null,
  readings: Array.from({ length: readings }, (_, i) => ({ readingId: id(number + i), count: 1 })),
});
const encapsulated = new Uint8Array(65);

const upload = (number: number, { at = 3, readings = 1, bytes = 48 } = {}): UploadRequest => ({
  context,
  partition: partition(at),
  index: 0,
  packets: [{ ...packet(number, readings), encapsulated, sealed: new Uint8Array(bytes) }],
});
const set = (number: number): SetRequest => ({
  context,
  partition: partition(3),
  packets: [{ ...packet(number), receipts: [], proofs: [] }],
});
const relay = (number: number): RelayRequest => ({
  context,
  partition: partition(3),
  ...packet(number),
  parts: [],
});

function begin(change: Partial<JoinedRequestsComponents> = {}) {
  const clock = createManualClock();
  const carried: (readonly number[])[] = [];
  const numberOf = (one: { sensorId: Uint8Array }) => one.sensorId[0] ?? 0;
  const joined = createJoinedRequests({
    clock,
    values: {
      async upload({ packets }) {
        carried.push(packets.map(numberOf));
        return packets.map((one) => {
          const receipt = new Uint8Array(16).fill(numberOf(one));
          return { answer: 'STORED' as const, receipt, word: null, conflicts: [] };
        });
      },
    },
    flags: {
      async set({ packets }) {
        carried.push(packets.map(numberOf));
        return packets.map((one) => (numberOf(one) % 2 === 0 ? ('TRUE' as const) : ('ERROR' as const)));
      },
    },
    async relay(requests) {
      carried.push(requests.map(numberOf));
      return requests.map((one) =>
        numberOf(one) === 2
          ? new EngineError('PACKET_REFUSED', 'expected another tag')
          : { stored: [new Uint8Array(16).fill(numberOf(one))], votes: [] },
      );
    },
    ...change,
  });
  return { clock, joined, carried };
}

describe('requests of lone readings', () => {
  it('wait for nothing where one comes alone', async () => {
    const { joined, carried } = begin();
    await joined.upload(upload(1));
    await joined.upload(upload(2));
    expect(carried).toEqual([[1], [2]]);
  });

  it('are carried out as one where they meet, and each has its own answer', async () => {
    const { clock, joined, carried } = begin();
    await clock.until(Promise.all([joined.upload(upload(1)), joined.upload(upload(2))]));
    carried.length = 0;
    const answers = Promise.all([4, 5, 6].map((number) => joined.upload(upload(number))));
    const receipts = (await clock.until(answers)).map(([answer]) => answer?.receipt?.[0]);
    expect(carried).toEqual([[4, 5, 6]]);
    expect(receipts).toEqual([4, 5, 6]);
    carried.length = 0;
    const outcomes = Promise.all([4, 5, 6].map((number) => joined.set(set(number))));
    expect(await clock.until(outcomes)).toEqual([['TRUE'], ['ERROR'], ['TRUE']]);
    expect(carried.flat().toSorted()).toEqual([4, 5, 6]);
  });

  it('are refused one by one', async () => {
    const { clock, joined } = begin();
    const relayed = [1, 2, 3].map((number) =>
      joined.relay(relay(number)).then(
        ({ stored }) => stored[0]?.[0],
        (error: EngineError) => error.code,
      ),
    );
    expect(await clock.until(Promise.all(relayed))).toEqual([1, 'PACKET_REFUSED', 3]);
  });

  it('meet within one partition alone, and never with larger requests or beyond their limits', async () => {
    const { clock, joined, carried } = begin();
    const many = Array.from({ length: JOINED_REQUESTS_MAX + 1 }, (_, i) => upload(i % 100));
    await clock.until(
      Promise.all(
        [
          upload(201, { readings: 2 }),
          upload(202, { at: 4 }),
          upload(203, { at: 5, bytes: 700_000 }),
          upload(204, { at: 5, bytes: 700_000 }),
          ...many,
        ].map(joined.upload),
      ),
    );
    for (const alone of [201, 202, 203, 204]) expect(carried).toContainEqual([alone]);
    expect(Math.max(...carried.map(({ length }) => length))).toBe(JOINED_REQUESTS_MAX);
    expect(carried.flat()).toHaveLength(JOINED_REQUESTS_MAX + 5);
  });

  it('are tried one by one where the window has no room for all', async () => {
    const kept: number[] = [];
    const { clock, joined } = begin({
      values: {
        async upload({ packets }) {
          if (packets.length > 1 || kept.length > 0) throw new EngineError('WINDOW_FULL', 'expected fewer');
          kept.push(packets[0]?.sensorId[0] ?? 0);
          return [{ answer: 'STORED', receipt: new Uint8Array(16), word: null, conflicts: [] }];
        },
      },
    });
    const codes = [1, 2].map((number) =>
      joined.upload(upload(number)).then(
        () => 'STORED',
        (error: EngineError) => error.code,
      ),
    );
    expect(await clock.until(Promise.all(codes))).toEqual(['STORED', 'WINDOW_FULL']);
    expect(kept).toEqual([1]);
  });
});
