import { EngineError } from '../../src/foundation/index.ts';
import type {
  CopyRequest,
  FlagEntry,
  Packet,
  Refusal,
  SeedRoom,
  SetPacket,
  SetRequest,
  SharePacket,
  UploadRequest,
} from '../../src/protocol/index.ts';
import {
  createReceipts,
  createSeedRoom,
  entriesOf,
  equalTags,
  packetName,
  REFUSALS,
  readShares,
  setTag,
  shareBinding,
} from '../../src/protocol/index.ts';
import type { Admission } from './admission.ts';
import type { KeyUseComponents } from './packet-key-use.ts';
import { createKeyUse, packetRefused } from './packet-key-use.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface PacketsComponents extends KeyUseComponents {
  readonly admission: Admission;
  readonly streams: Streams;
}

/** A packet of an UPLOAD, opened. */
export interface OpenedShares {
  readonly name: Uint8Array;
  readonly rows: CopyRequest['rows'];
}

/** A packet of a SET that its sensor meant for this domain and for which every domain of the stream gave a receipt. */
export interface ProvedSet {
  readonly packet: SetPacket;
  readonly entries: readonly FlagEntry[];
}

/** Packets of sensors: who made them, and what is in them. Each is opened, or refused, for itself. */
export interface Packets {
  openShares(record: OpenWindowRecord, request: UploadRequest): Promise<readonly (OpenedShares | Refusal)[]>;
  openSet(record: OpenWindowRecord, request: SetRequest): Promise<readonly (ProvedSet | Refusal)[]>;
}

export function createPackets(components: PacketsComponents): Packets {
  const { sealing, roster, admission, streams } = components;
  const withKeys = createKeyUse(components);

  async function openOne(
    { scope, stream }: OpenWindowRecord,
    { partition, index }: UploadRequest,
    packet: SharePacket,
    room: SeedRoom,
  ): Promise<OpenedShares> {
    const entries = entriesOf(packet);
    admission.entries(stream, partition, entries);
    const name = packetName(scope, packet);
    const { nonce, bound } = shareBinding(name, index);
    const content = await withKeys(stream, packet, async (keys) => {
      const opened = await sealing.open(keys.shares, nonce, bound, packet.sealed);
      if (opened === null)
        throw packetRefused('shares that this sensor sealed to this domain for these readings');
      return opened;
    });
    const shares = readShares({ scope, stream, index, entries, content }, sealing.expand, room);
    const rows = shares.flatMap((share, place) => {
      const entry = entries[place];
      return entry === undefined ? [] : [{ entry, share }];
    });
    return { name, rows };
  }

  async function proveOne(
    { scope, stream, terms }: OpenWindowRecord,
    { partition }: SetRequest,
    packet: SetPacket,
  ): Promise<ProvedSet> {
    const entries = entriesOf(packet);
    admission.entries(stream, partition, entries);
    const own = streams.indexOf(stream);
    const proof = packet.proofs.find(({ index }) => index === own);
    if (proof === undefined) throw packetRefused('the proof of a SET to this domain');
    const name = packetName(scope, packet);
    await withKeys(stream, { ...packet, encapsulated: proof.encapsulated }, async ({ flags }) => {
      if (equalTags(proof.tag, setTag(flags, name))) return;
      throw packetRefused('a SET that this sensor says to this domain about these readings');
    });
    const receipts = createReceipts(terms.value.setHashKey);
    if (receipts.complete(name, packet.receipts, stream.domains.length)) return { packet, entries };
    throw new EngineError('RECEIPTS_REFUSED', 'expected the receipt of every domain for these readings');
  }

  return {
    async openSet(record, request) {
      const opened: (ProvedSet | Refusal)[] = [];
      for (const packet of request.packets) {
        opened.push(await orRefusal(() => proveOne(record, request, packet)));
      }
      return opened;
    },
    async openShares(record, request) {
      const opened: (OpenedShares | Refusal)[] = [];
      const room = createSeedRoom();
      for (const packet of request.packets) {
        opened.push(await orRefusal(() => openOne(record, request, packet, room)));
      }
      // Opening takes a while: who was revoked meanwhile must not be stored any more.
      const revoked = ({ sensorId }: Packet) => roster.find(record.stream, sensorId).kind === 'revoked';
      if (record.stream.enrolment === 'open') return opened;
      return opened.map((one, place) => {
        const packet = request.packets[place];
        return packet === undefined || !revoked(packet) ? one : 'SENSOR_REVOKED';
      });
    },
  };
}

/** What opening a packet gives, or why it is refused. */
async function orRefusal<T>(open: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await open();
  } catch (error) {
    const refusal = REFUSALS.find((code) => error instanceof EngineError && error.code === code);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** The packets that were opened, in order. */
export function openedOf<T extends object>(opened: readonly (T | Refusal)[]): readonly T[] {
  return opened.filter((one) => typeof one !== 'string');
}
