import { EngineError } from '../../src/foundation/index.ts';
import type {
  Packet,
  Refusal,
  RelayRequest,
  SeedRoom,
  SetPacket,
  SetRequest,
  ShareColumns,
  SharePacket,
  UploadRequest,
} from '../../src/protocol/index.ts';
import {
  createReceipts,
  createSeedRoom,
  domainWord,
  entryKeysOf,
  equalTags,
  packetName,
  REFUSALS,
  readShares,
  setTag,
  shareBinding,
} from '../../src/protocol/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import type { Admission } from './admission.ts';
import type { HearOfSensors, KeyUseComponents } from './packet-key-use.ts';
import { createKeyUse, packetRefused } from './packet-key-use.ts';
import type { RosterSpread } from './roster-spread.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface PacketsComponents extends KeyUseComponents {
  readonly admission: Admission;
  readonly streams: Streams;
  readonly rosterSpread: Pick<RosterSpread, 'catchUp'>;
  readonly self: { readonly nodeId: NodeId };
}

/** A packet of an UPLOAD, opened. */
export interface OpenedShares extends ShareColumns {
  readonly name: Uint8Array;
  /** What the sensor is told, through a node that relays, once they are stored. */
  readonly word: () => Uint8Array;
}

/** A packet of a SET that its sensor meant for this domain and for which every domain of the stream gave a receipt. */
export interface ProvedSet {
  readonly packet: SetPacket;
  /** The keys of its flags, one after another. */
  readonly keys: Uint8Array;
  /** What the sensor is told, through a node that relays, once this node has voted. */
  readonly word: () => Uint8Array;
}

/** Packets of sensors: who made them, and what is in them. Each is opened, or refused, for itself. */
export interface Packets {
  openShares(record: OpenWindowRecord, request: UploadRequest): Promise<readonly (OpenedShares | Refusal)[]>;
  openSet(record: OpenWindowRecord, request: SetRequest): Promise<readonly (ProvedSet | Refusal)[]>;
  /**
   * Whether a packet that is to be relayed is its sensor's: nobody else makes a node work for three.
   * @throws EngineError with the code of a refusal
   */
  proveRelayed(record: OpenWindowRecord, request: RelayRequest): Promise<void>;
}

export function createPackets(components: PacketsComponents): Packets {
  const { sealing, roster, admission, streams, self } = components;
  const withKeys = createKeyUse(components);

  /** One answer for all packets of a request. */
  function hearing(): HearOfSensors {
    let heard: Promise<boolean> | undefined;
    return () => {
      heard ??= components.rosterSpread.catchUp();
      return heard;
    };
  }

  async function openOne(
    { scope, stream }: OpenWindowRecord,
    { partition, index }: UploadRequest,
    packet: SharePacket,
    room: SeedRoom,
    hear: HearOfSensors,
  ): Promise<OpenedShares> {
    const keys = entryKeysOf(packet);
    admission.entries(stream, partition, keys);
    const name = packetName(scope, packet);
    const { nonce, bound } = shareBinding(name, index);
    const { content, flags } = await withKeys(stream, packet, hear, async (agreed) => {
      const opened = await sealing.open(agreed.shares, nonce, bound, packet.sealed);
      if (opened === null)
        throw packetRefused('shares that this sensor sealed to this domain for these readings');
      return { content: opened, flags: agreed.flags };
    });
    const shares = readShares({ scope, stream, index, keys, content }, sealing.expand, room);
    return { name, keys, shares, word: () => domainWord(flags, 'STORED', name) };
  }

  /** The packet's name and the key of its sensor, once the sensor's SET to this domain is proved. */
  async function proveSet(
    { scope, stream }: OpenWindowRecord,
    { sensorId, publicKey, readings }: Packet,
    { encapsulated, tag }: Pick<SetPacket['proofs'][number], 'encapsulated' | 'tag'>,
    hear: HearOfSensors,
  ): Promise<{ readonly name: Uint8Array; readonly flags: Uint8Array }> {
    const packet = { sensorId, publicKey, readings, encapsulated };
    const name = packetName(scope, packet);
    return withKeys(stream, packet, hear, async ({ flags }) => {
      if (equalTags(tag, setTag(flags, name))) return { name, flags };
      throw packetRefused('a SET that this sensor says to this domain about these readings');
    });
  }

  async function proveOne(
    record: OpenWindowRecord,
    { partition }: SetRequest,
    packet: SetPacket,
    hear: HearOfSensors,
  ): Promise<ProvedSet> {
    const { stream, terms } = record;
    const keys = entryKeysOf(packet);
    admission.entries(stream, partition, keys);
    const own = streams.indexOf(stream);
    const proof = packet.proofs.find(({ index }) => index === own);
    if (proof === undefined) throw packetRefused('the proof of a SET to this domain');
    const { name, flags } = await proveSet(record, packet, proof, hear);
    const receipts = createReceipts(terms.value.setHashKey);
    if (!receipts.complete(name, packet.receipts, stream.domains.length)) {
      throw new EngineError('RECEIPTS_REFUSED', 'expected the receipt of every domain for these readings');
    }
    return { packet, keys, word: () => domainWord(flags, 'ACCEPTED', name, self.nodeId) };
  }

  return {
    async proveRelayed(record, request) {
      admission.entries(record.stream, request.partition, entryKeysOf(request));
      const part = request.parts[streams.indexOf(record.stream)];
      if (part === undefined) throw packetRefused('a part for this domain');
      await proveSet(record, request, part, hearing());
    },
    async openSet(record, request) {
      const opened: (ProvedSet | Refusal)[] = [];
      const hear = hearing();
      for (const packet of request.packets) {
        opened.push(await orRefusal(() => proveOne(record, request, packet, hear)));
      }
      return opened;
    },
    async openShares(record, request) {
      const opened: (OpenedShares | Refusal)[] = [];
      const room = createSeedRoom();
      const hear = hearing();
      for (const packet of request.packets) {
        opened.push(await orRefusal(() => openOne(record, request, packet, room, hear)));
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
