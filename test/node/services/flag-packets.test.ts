import { afterEach, describe, expect, it } from 'vitest';
import type { SetPacket, SetRequest } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { expectExact } from '../../support/exact-result.ts';
import { fixedSensor, packetsFor } from '../../support/fixed-sensor.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;
let window: WindowId;

afterEach(() => cloud.close());

/** Two readings of two sensors in one partition. */
async function twoReadings(): Promise<readonly [RawReading, RawReading]> {
  cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], replicas: 2, acceptors: 3 } });
  window = await cloud.openWindow();
  return [cloud.reading(window, '1', { group: 7 }), cloud.reading(window, '2', { group: 7 })];
}

function only<P>({ packets: [packet] }: { readonly packets: readonly P[] }): P {
  if (packet === undefined) throw new Error('expected a packet');
  return packet;
}

const flipped = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === 5 ? byte ^ 8 : byte));

/** A node that votes on the partition and is of another domain than the first acceptor. */
function otherAcceptor(reading: RawReading): NodeId {
  const [, other] = reading.acceptors;
  if (other === undefined) throw new Error('expected a second acceptor');
  return other;
}

type Proof = SetPacket['proofs'][number];

/** The packet with its proof for the first acceptor's domain changed. */
function withProof(packet: SetPacket, change: (proof: Proof) => Partial<Proof>): Partial<SetPacket> {
  return { proofs: packet.proofs.map((proof) => ({ ...proof, ...change(proof) })) };
}

/** What an attacker can make of the SET of a sensor, all sent to the same acceptor. */
type Attack = (own: RawReading, other: RawReading) => Promise<Partial<SetPacket>>;

const SET_ATTACKS: readonly (readonly [string, Attack])[] = [
  [
    'with one bit of the tag changed',
    async (own) => withProof(only(await own.setRequest()), ({ tag }) => ({ tag: flipped(tag) })),
  ],
  [
    'with an empty tag',
    async (own) => withProof(only(await own.setRequest()), () => ({ tag: new Uint8Array(16) })),
  ],
  ["under another sensor's id", async (_, other) => ({ sensorId: other.entry.sensorId })],
  [
    "under another sensor's id and public key",
    async (_, other) => {
      const { sensorId, publicKey } = only(await other.setRequest());
      return { sensorId, publicKey };
    },
  ],
  [
    'that a thief of the id made with keys of its own',
    async (own) => {
      const thief = { sensorId: own.entry.sensorId, keys: fixedSensor('thief').keys };
      const { readings, receipts } = only(await own.setRequest());
      const packets = packetsFor(cloud.ring, cloud.stream);
      return packets.set(thief, own.acceptors, own.flagsRequest.context, readings, receipts);
    },
  ],
  [
    'about a reading of another sensor',
    async (_, other) => ({ readings: only(await other.setRequest()).readings }),
  ],
  [
    'that was said to another domain',
    async (own) => only(await own.setRequest({ node: otherAcceptor(own) })),
  ],
  [
    "with the proof for another domain under this one's place",
    async (own) => {
      const [first, second] = only(await own.setRequest()).proofs;
      return first === undefined || second === undefined
        ? {}
        : { proofs: [{ ...second, index: first.index }] };
    },
  ],
  ['that is meant for nobody', async () => ({ proofs: [] })],
  [
    'that was said about another window',
    async (own) => only(await own.setRequest({ context: { window: windowId(window + 1) } })),
  ],
  ['that was said about another group', async (own) => only(await own.setRequest({ context: { group: 3 } }))],
  [
    'that was said about another stream',
    async (own) => only(await own.setRequest({ context: { stream: streamHash('ab'.repeat(32)) } })),
  ],
];

async function uploaded(reading: RawReading): Promise<void> {
  for (const index of [0, 1, 2]) await reading.upload(index);
}

describe('an acceptor refuses a SET, and nothing else of its request,', () => {
  it.each(SET_ATTACKS)('%s', async (_, attack) => {
    const [own, other] = await twoReadings();
    for (const reading of [own, other]) await uploaded(reading);
    const request: SetRequest = await own.setRequest();
    const bad = { ...only(request), ...(await attack(own, other)) };
    const good = only(await other.setRequest());
    const body = { ...request, packets: [bad, good, bad] };
    const voted = await cloud.ask(own.acceptor, operations.ACCEPT, body);
    expect(voted.packets.map(({ answer }) => answer)).toEqual([
      'PACKET_REFUSED',
      'ACCEPTED',
      'PACKET_REFUSED',
    ]);
    const answer = await cloud.ask(own.acceptor, operations.SET, body);
    expect(answer.outcomes).toEqual(['PACKET_REFUSED', 'TRUE', 'PACKET_REFUSED']);
    expect(await own.get()).toEqual({ outcomes: ['UNDECIDED'] });
    expectExact(await cloud.compute(window), ['2']);
  });

  it.each<[string, (own: RawReading, other: RawReading) => Promise<readonly Uint8Array[]>]>([
    ['without receipts', async () => []],
    [
      'with the receipts of all domains but one',
      async (own) => receiptsOf(await own.setRequest()).slice(0, 2),
    ],
    ['with a receipt too many', async (own) => [...receiptsOf(await own.setRequest()), new Uint8Array(16)]],
    ['with the receipts in another order', async (own) => receiptsOf(await own.setRequest()).toReversed()],
    [
      'with a receipt of another domain',
      async (own) => {
        const [first = new Uint8Array(16)] = receiptsOf(await own.setRequest());
        return [first, first, first];
      },
    ],
    ['with a bit of a receipt changed', async (own) => receiptsOf(await own.setRequest()).map(flipped)],
    ['with the receipts of another flag', async (_, other) => receiptsOf(await other.setRequest())],
    [
      'with the receipts of the same flag in another window',
      async (own) => {
        const elsewhere = cloud.reading(await cloud.openWindow(), '1', { entry: own.entry });
        await uploaded(elsewhere);
        return receiptsOf(await elsewhere.setRequest());
      },
    ],
  ])('%s', async (_, receiptsFor) => {
    const [own, other] = await twoReadings();
    for (const reading of [own, other]) await uploaded(reading);
    const receipts = await receiptsFor(own, other);
    const request = await own.setRequest({ receipts });
    const good = only(await other.setRequest());
    const answer = await cloud.ask(own.acceptor, operations.SET, {
      ...request,
      packets: [...request.packets, good],
    });
    // Not an outcome: the flag is as undecided as before, and the same sensor may still set it.
    expect(answer.outcomes).toEqual(['RECEIPTS_REFUSED', 'TRUE']);
    expect(await own.get()).toEqual({ outcomes: ['UNDECIDED'] });
    expect(await own.set()).toEqual({ outcomes: ['TRUE'] });
    expectExact(await cloud.compute(window), ['1', '2']);
  });
});

function receiptsOf(request: SetRequest): readonly Uint8Array[] {
  return only(request).receipts;
}

describe('an acceptor that is not asked by the sensor', () => {
  it('votes on the packet that the coordinating one hands on, and not where it has no proof for it', async () => {
    const [own] = await twoReadings();
    await uploaded(own);
    const context = own.flagsRequest.context;
    // Meant for one acceptor of three: its own vote is no majority.
    const request = await own.setRequest({ node: own.acceptor });
    expect(await cloud.ask(own.acceptor, operations.SET, request)).toEqual({ outcomes: ['UNDECIDED'] });
    const read = { ...own.flagsRequest, context, kind: 'read', ballot: { counter: 0, proposer: 0 } } as const;
    const other = otherAcceptor(own);
    const { votes } = await cloud.askAs(own.acceptor, other, operations.VOTE, { ...read, value: null });
    expect(votes).toMatchObject([{ accepted: null }]);
    expect(await own.set()).toEqual({ outcomes: ['TRUE'] });
  });
});

describe('the receipt of a packet', () => {
  it('is the same from every node, for every retry, after restarts and where the owner is away', async () => {
    const [own] = await twoReadings();
    const request = await own.uploadRequest(0);
    const domain = cloud.ring.domains[0];
    const nodes = domain?.nodes.map(({ id }) => id) ?? [];
    const [owner] = own.owners(0);
    const receiptFrom = async (node: NodeId) =>
      (await cloud.ask(node, operations.UPLOAD, request)).packets.map(({ receipt }) => receipt);
    const first = await receiptFrom(own.owner(0));
    expect(first[0]).toHaveLength(16);
    for (const node of nodes) expect(await receiptFrom(node)).toEqual(first);
    await cloud.restart();
    for (const node of nodes) expect(await receiptFrom(node)).toEqual(first);
    if (owner !== undefined) await cloud.stop(owner);
    for (const node of nodes.filter((node) => node !== owner)) expect(await receiptFrom(node)).toEqual(first);
    if (owner !== undefined) await cloud.start(owner);
  });

  it('stands for all of its readings together, and not for some of them', async () => {
    const [own] = await twoReadings();
    const again = cloud.reading(window, '3', { group: 7 });
    const both = [own.entry, { ...again.entry, sensorId: own.entry.sensorId }];
    const rows = (index: number) => [
      own.shareRow(index),
      { entry: both[1] ?? own.entry, share: again.share(index) },
    ];
    const receipts: Uint8Array[] = [];
    for (const index of [0, 1, 2]) {
      const upload = await own.uploadRequest(index, { rows: rows(index) });
      const { packets } = await cloud.ask(own.owner(index), operations.UPLOAD, upload);
      receipts.push(packets[0]?.receipt ?? new Uint8Array(0));
    }
    const outcomesOf = async (flags: typeof both) => {
      const request = await own.setRequest({ flags, receipts });
      return (await cloud.ask(own.acceptor, operations.SET, request)).outcomes;
    };
    expect(await outcomesOf([own.entry])).toEqual(['RECEIPTS_REFUSED']);
    expect(await outcomesOf(both.toReversed())).toEqual(['RECEIPTS_REFUSED', 'RECEIPTS_REFUSED']);
    expect(await outcomesOf(both)).toEqual(['TRUE', 'TRUE']);
    expectExact(await cloud.compute(window), ['1', '3']);
  });

  it('is not given for a share that is in conflict with another', async () => {
    const [own] = await twoReadings();
    await own.upload(0);
    const other = cloud.reading(window, '55', { entry: own.entry });
    const answer = await cloud.ask(own.owner(0), operations.UPLOAD, await other.uploadRequest(0));
    expect(answer.packets).toEqual([{ answer: 'CONFLICT', receipt: null, word: null, conflicts: [0] }]);
  });
});
