import { afterEach, describe, expect, it } from 'vitest';
import { identityOf } from '../../../sensor-client/identity.ts';
import { deriveKeyPair } from '../../../src/platform/hpke.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { SharePacket, UploadRequest, UploadResponse } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { packetsFor } from '../../support/fixed-sensor.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { fixedSealingKey } from '../../support/simulated-keys.ts';
import { diskText, type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** Two readings of two sensors in one partition, so that they may share a request. */
async function twoReadings(): Promise<readonly [RawReading, RawReading]> {
  cloud = await startSmallCloud();
  const window = await cloud.openWindow();
  return [cloud.reading(window, '1', { group: 7 }), cloud.reading(window, '2', { group: 7 })];
}

function packetOf({ packets }: UploadRequest): SharePacket {
  const [packet] = packets;
  if (packet === undefined) throw new Error('expected a packet');
  return packet;
}

const answersOf = ({ packets }: UploadResponse) => packets.map(({ answer }) => answer);

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));

/** What an attacker between sensor and node can make of the packets of an UPLOAD, all for domain 0. */
type Attack = (own: RawReading, other: RawReading) => Promise<Partial<SharePacket>>;

const ATTACKS: readonly (readonly [string, Attack])[] = [
  [
    'with one bit of the shares changed',
    async (own) => ({ sealed: flipped(packetOf(await own.uploadRequest(0)).sealed, 3) }),
  ],
  [
    'with one bit of the tag changed',
    async (own) => ({ sealed: flipped(packetOf(await own.uploadRequest(0)).sealed, 63) }),
  ],
  ['that is cut', async (own) => ({ sealed: packetOf(await own.uploadRequest(0)).sealed.slice(0, -1) })],
  ['without shares', async () => ({ sealed: new Uint8Array(0) })],
  [
    'with an encapsulated key that is no point',
    async (own) => ({ encapsulated: flipped(packetOf(await own.uploadRequest(0)).encapsulated, 64) }),
  ],
  [
    "with another sensor's encapsulated key",
    async (_, other) => ({ encapsulated: packetOf(await other.uploadRequest(0)).encapsulated }),
  ],
  ["under another sensor's id", async (_, other) => ({ sensorId: other.entry.sensorId })],
  [
    "under another sensor's id and public key",
    async (_, other) => {
      const { sensorId, publicKey } = packetOf(await other.uploadRequest(0));
      return { sensorId, publicKey };
    },
  ],
  [
    'that a thief of the id made with keys of its own',
    async (own) => {
      const thief = { sensorId: own.entry.sensorId, keys: deriveKeyPair(cryptoRandomBytes(32)) };
      const packets = packetsFor(cloud.ring, cloud.stream);
      const { readings } = packetOf(await own.uploadRequest(0));
      return packets.shares(thief, own.owner(0), own.flagsRequest.context, 0, readings, own.share(0));
    },
  ],
  ['without its public key', async () => ({ publicKey: null })],
  [
    'for another reading',
    async (_, other) => ({ readings: [{ readingId: other.entry.readingId, count: 1 }] }),
  ],
  [
    'of another domain',
    async (own) => {
      const [, elsewhere] = cloud.ring.domains;
      const node = elsewhere?.nodes[0]?.id;
      return packetOf(await own.uploadRequest(0, node === undefined ? {} : { node }));
    },
  ],
  [
    'of another share index',
    async (own) => packetOf(await own.uploadRequest(1, { node: own.owner(0), rows: [own.shareRow(0)] })),
  ],
  [
    'of another window',
    async (own) =>
      packetOf(
        await own.uploadRequest(0, { context: { window: windowId(own.flagsRequest.context.window + 1) } }),
      ),
  ],
  ['of another group', async (own) => packetOf(await own.uploadRequest(0, { context: { group: 1 } }))],
  [
    'of another stream',
    async (own) => packetOf(await own.uploadRequest(0, { context: { stream: streamHash('ab'.repeat(32)) } })),
  ],
];

describe('a node refuses a packet, and nothing else of its request,', () => {
  it.each(ATTACKS)('%s', async (_, attack) => {
    const [own, other] = await twoReadings();
    const request = await own.uploadRequest(0);
    const bad = { ...packetOf(request), ...(await attack(own, other)) };
    const good = packetOf(await other.uploadRequest(0));
    const answer = await cloud.ask(own.owner(0), operations.UPLOAD, {
      ...request,
      packets: [bad, good, bad],
    });
    expect(answersOf(answer)).toEqual(['PACKET_REFUSED', 'STORED', 'PACKET_REFUSED']);
    expect(cloud.rowsAt(own.owner(0), 'values')).toHaveLength(1);
    // Untouched, the same packet is taken afterwards: nothing was kept that keeps it out.
    expect(await own.upload(0)).toEqual({ answers: ['STORED'] });
  });

  it('whose readings stand in another order, or of which one is left out', async () => {
    const [own] = await twoReadings();
    const { window } = own.flagsRequest.context;
    const { sensorId } = own.entry;
    const second = cloud.reading(window, '3', { group: 7 });
    const rows = [own.shareRow(0), { entry: { ...second.entry, sensorId }, share: second.share(0) }];
    const request = await own.uploadRequest(0, { rows });
    const packet = packetOf(request);
    const send = (changed: SharePacket) =>
      cloud.ask(own.owner(0), operations.UPLOAD, { ...request, packets: [changed] });
    const reversed = { ...packet, readings: packet.readings.toReversed() };
    expect(answersOf(await send(reversed))).toEqual(['PACKET_REFUSED']);
    const fewer = { ...packet, readings: packet.readings.slice(0, 1) };
    expect(answersOf(await send(fewer))).toEqual(['PACKET_REFUSED']);
    expect(answersOf(await send(packet))).toEqual(['STORED']);
  });
});

describe('packets', () => {
  it('that are sent again change nothing', async () => {
    const [own] = await twoReadings();
    const request = await own.uploadRequest(0);
    await own.commit();
    const before = diskText(cloud.store(own.owner(0)));
    for (let times = 0; times < 3; times++) {
      expect(answersOf(await cloud.ask(own.owner(0), operations.UPLOAD, request))).toEqual(['STORED']);
    }
    // A commit record may be added; of the shares nothing is.
    const values = (text: string) => text.split('\n').filter((line) => line.startsWith('values'));
    expect(values(diskText(cloud.store(own.owner(0))))).toEqual(values(before));
    expectExact(await cloud.compute(own.flagsRequest.context.window), ['1']);
  });

  it('of one sensor have the same bytes for the same readings, and others for others', async () => {
    const [own] = await twoReadings();
    const first = packetOf(await own.uploadRequest(0));
    const changed = await own.uploadRequest(0, { context: { group: 2 } });
    expect(first.sealed).not.toEqual(packetOf(changed).sealed);
    expect(packetOf(await own.uploadRequest(0))).toEqual(first);
  });

  it('of a sensor that was seen before open again, and its keys serve no other sensor', async () => {
    const [own] = await twoReadings();
    const request = await own.uploadRequest(0);
    const node = own.owner(0);
    expect(answersOf(await cloud.ask(node, operations.UPLOAD, request))).toEqual(['STORED']);
    expect(answersOf(await cloud.ask(node, operations.UPLOAD, request))).toEqual(['STORED']);
    // The same encapsulated key under another sensor's name is another agreement, and none at all.
    const thief = identityOf(deriveKeyPair(cryptoRandomBytes(32)));
    const stolen = { ...packetOf(request), sensorId: thief.sensorId, publicKey: thief.keys.publicKey };
    const answer = await cloud.ask(node, operations.UPLOAD, { ...request, packets: [stolen] });
    expect(answersOf(answer)).toEqual(['PACKET_REFUSED']);
  });
});

describe('a domain with a new sealing key', () => {
  const newKey = (domain: string) => fixedSealingKey(`${domain} anew`);

  it('still opens what is sealed to the key before, which its section names', async () => {
    cloud = await startSmallCloud({
      sealing: (domain) => ({ sealingKey: newKey(domain), formerSealingKeys: [fixedSealingKey(domain)] }),
    });
    const window = await cloud.openWindow();
    for (const reading of ['1', '2']) await cloud.reading(window, reading).commit();
    expectExact(await cloud.compute(window), ['1', '2']);
  });

  it('refuses what is sealed to neither', async () => {
    cloud = await startSmallCloud({
      sealing: (domain) => ({ sealingKey: fixedSealingKey(domain), formerSealingKeys: [newKey(domain)] }),
    });
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '1');
    const request = await reading.uploadRequest(0);
    const sealed = flipped(packetOf(request).sealed, 3);
    const answer = await cloud.ask(reading.owner(0), operations.UPLOAD, {
      ...request,
      packets: [{ ...packetOf(request), sealed }],
    });
    expect(answersOf(answer)).toEqual(['PACKET_REFUSED']);
    await reading.commit();
    expectExact(await cloud.compute(window), ['1']);
  });

  it('does not start without a key that its section names', async () => {
    cloud = await startSmallCloud();
    const started = startSmallCloud({ sealing: (domain) => ({ sealingKey: newKey(domain) }) });
    await expectCode(started, 'RING_REFUSED');
  });
});
