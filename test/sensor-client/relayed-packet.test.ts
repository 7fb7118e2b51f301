import { afterEach, expect, it } from 'vitest';
import { operations, type RelayResponse } from '../../src/protocol/index.ts';
import { packetsFor, sensorOf } from '../support/fixed-sensor.ts';
import { type SmallCloud, startSmallCloud } from '../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

it('believes nothing but the words of all domains and of a quorum of the acceptors, about this very packet', async () => {
  cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], replicas: 2, acceptors: 3 } });
  const window = await cloud.openWindow();
  const packets = packetsFor(cloud.ring, cloud.stream);
  const made = ['1', '2'].map((text) => cloud.reading(window, text));
  const answers: { answer: RelayResponse; judge: (answer: RelayResponse) => boolean }[] = [];
  for (const reading of made) {
    const { context, partition } = reading.flagsRequest;
    const owners = [0, 1, 2].map((index) => reading.owner(index));
    const shares = [0, 1, 2].map((index) => reading.share(index));
    const { readingId, count } = reading.entry;
    const sensor = sensorOf(reading.entry);
    const relayed = await packets.relay(sensor, owners, context, [{ readingId, count }], shares);
    const request = { context, partition, ...relayed.packet };
    const answer = await cloud.ask(reading.owner(0), operations.RELAY, request);
    answers.push({ answer, judge: (given) => relayed.judge(given, reading.acceptors) });
  }
  const [own, other] = answers;
  if (own === undefined || other === undefined) throw new Error('expected two answers');
  const { answer, judge } = own;
  const [first, second] = answer.votes;
  if (first === undefined || second === undefined) throw new Error('expected two votes');
  expect(judge(answer)).toBe(true);
  expect(other.judge(other.answer)).toBe(true);
  const lies: readonly RelayResponse[] = [
    { stored: [], votes: [] },
    { ...answer, stored: [] },
    { ...answer, stored: answer.stored.slice(1) },
    { ...answer, stored: answer.stored.toReversed() },
    { ...answer, stored: answer.stored.map((word, i) => (i === 1 ? word.map((byte) => byte ^ 1) : word)) },
    { ...answer, stored: other.answer.stored },
    { ...answer, votes: [first] },
    { ...answer, votes: [first, first] },
    { ...answer, votes: [first, first, first] },
    { ...answer, votes: [first, { ...second, acceptor: 7 }] },
    { ...answer, votes: [first, { ...second, acceptor: 3 - first.acceptor - second.acceptor }] },
    { ...answer, votes: [first, { ...second, word: first.word }] },
    { ...answer, votes: other.answer.votes },
    { ...answer, votes: answer.stored.map((word, acceptor) => ({ acceptor, word })) },
    other.answer,
  ];
  expect(lies.map((lie) => judge(lie))).toEqual(lies.map(() => false));
});
