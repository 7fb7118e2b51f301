import { checkElements, ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { EngineError, equalBytes } from '../../src/foundation/index.ts';
import type { Sealing, SealingKeyPair } from '../../src/ports/index.ts';
import type {
  CopyRequest,
  CreateRequest,
  FlagEntry,
  FlagSaying,
  Packet,
  PacketKeys,
  Refusal,
  SetRequest,
  SharePacket,
  UploadRequest,
} from '../../src/protocol/index.ts';
import {
  createReceipts,
  entriesOf,
  equalTags,
  flagTag,
  packetKeys,
  REFUSALS,
  sensorIdOf,
  shareBinding,
} from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { createRecent } from '../engine/recent.ts';
import type { Admission } from './admission.ts';
import type { Roster } from './roster.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Keys of sensors that a node keeps, at half a kilobyte each; another sensor costs a key agreement again. */
const PACKET_KEYS_KEPT_MAX = 16_384;

export interface PacketsComponents {
  readonly sealing: Sealing;
  readonly sealingKey: SealingKeyPair;
  readonly roster: Roster;
  readonly admission: Admission;
}

export type OpenedShare = CopyRequest['rows'][number];

/** Packets of sensors: who made them, and what is in them. */
export interface Packets {
  /**
   * Opens the packets of an UPLOAD, each for itself.
   * @returns per reading, packet after packet, its share, or why its packet is refused.
   */
  openShares(record: OpenWindowRecord, request: UploadRequest): Promise<readonly (OpenedShare | Refusal)[]>;
  /** Per reading of a CREATE its flag, or why its packet is refused. */
  openCreate(record: OpenWindowRecord, request: CreateRequest): Promise<readonly (FlagEntry | Refusal)[]>;
  /** Per reading of a SET its flag, or why its packet, or it alone for its receipts, is refused. */
  openSet(record: OpenWindowRecord, request: SetRequest): Promise<readonly (FlagEntry | Refusal)[]>;
}

export function createPackets({ sealing, sealingKey, roster, admission }: PacketsComponents): Packets {
  const kept = createRecent<PacketKeys>(PACKET_KEYS_KEPT_MAX);

  /** Looks the sensor up for every packet: keys that are kept must not outlive an enrolment. */
  function publicKeyOf(stream: StreamDocument, packet: Packet): Uint8Array {
    if (stream.enrolment === 'open') {
      const { publicKey } = packet;
      if (publicKey !== null && equalBytes(sensorIdOf(publicKey), packet.sensorId)) return publicKey;
      throw refused('the public key that the sensor id is made of');
    }
    const found = roster.find(stream, packet.sensorId);
    if (found.kind === 'revoked') throw new EngineError('SENSOR_REVOKED', 'expected an enrolled sensor');
    if (found.kind === 'unknown') throw new EngineError('SENSOR_UNKNOWN', 'expected an enrolled sensor');
    if (packet.publicKey !== null) throw refused('no public key of an enrolled sensor');
    return found.publicKey;
  }

  /** Runs `use` with the packet's keys; they are kept only when it succeeds, or made-up ones would push out good ones. */
  async function withKeys<T>(
    stream: StreamDocument,
    packet: Packet,
    use: (keys: PacketKeys) => Promise<T>,
  ): Promise<T> {
    const publicKey = publicKeyOf(stream, packet);
    const name = stream.hash + String.fromCharCode(...packet.sensorId, ...packet.encapsulated);
    const known = kept.find(name);
    if (known !== undefined) return use(known);
    const context = await sealing.fromSensor(sealingKey, publicKey, packet.encapsulated);
    if (context === null) throw refused('an encapsulated key that is a point of the curve');
    const keys = await packetKeys((purpose) => context.exportKey(purpose), stream.hash);
    const used = await use(keys);
    kept.keep(name, keys);
    return used;
  }

  async function openOne(
    { scope, stream }: OpenWindowRecord,
    { partition, index }: UploadRequest,
    packet: SharePacket,
  ): Promise<readonly OpenedShare[]> {
    const entries = entriesOf(packet);
    admission.entries(stream, partition, entries);
    const { nonce, bound } = shareBinding(scope, index, packet);
    const shares = await withKeys(stream, packet, async (keys) => {
      const opened = await sealing.open(keys.shares, nonce, bound, packet.sealed);
      if (opened === null) throw refused('shares that this sensor sealed to this domain for these readings');
      return opened;
    });
    const shareBytes = stream.elements.length * ELEMENT_BYTES;
    if (shares.length !== entries.length * shareBytes) {
      throw new EngineError(
        'WRONG_VECTOR_LENGTH',
        `expected ${entries.length} shares of ${shareBytes} bytes, got ${shares.length} bytes`,
      );
    }
    checkElements(shares);
    return entries.map((entry, place) => ({
      entry,
      share: shares.slice(place * shareBytes, (place + 1) * shareBytes),
    }));
  }

  /** The flags of a packet, once it is proved that their sensor says this about them to this domain. */
  async function provedFlags(
    saying: FlagSaying,
    { scope, stream }: OpenWindowRecord,
    { partition }: CreateRequest | SetRequest,
    packet: Packet & { readonly tag: Uint8Array },
    receipts?: readonly (readonly Uint8Array[])[],
  ): Promise<readonly FlagEntry[]> {
    const entries = entriesOf(packet);
    admission.entries(stream, partition, entries);
    await withKeys(stream, packet, async ({ flags }) => {
      if (equalTags(packet.tag, flagTag(flags, saying, scope, packet, receipts))) return;
      throw refused(`a ${saying} that this sensor says to this domain about these readings`);
    });
    return entries;
  }

  return {
    async openCreate(record, request) {
      const opened: (FlagEntry | Refusal)[] = [];
      for (const packet of request.packets) {
        opened.push(...(await orRefusal(packet, () => provedFlags('CREATE', record, request, packet))));
      }
      return opened;
    },
    async openSet(record, request) {
      const receipts = createReceipts(record.terms.value.setHashKey, record.scope);
      const domains = record.stream.domains.length;
      const opened: (FlagEntry | Refusal)[] = [];
      for (const packet of request.packets) {
        const said = packet.readings.map((reading) => reading.receipts);
        const flags = await orRefusal(packet, () => provedFlags('SET', record, request, packet, said));
        for (const [place, flag] of flags.entries()) {
          const proved = typeof flag === 'string' || receipts.complete(flag, said[place] ?? [], domains);
          opened.push(proved ? flag : 'RECEIPTS_REFUSED');
        }
      }
      return opened;
    },
    async openShares(record, request) {
      const opened: (OpenedShare | Refusal)[] = [];
      for (const packet of request.packets) {
        opened.push(...(await orRefusal(packet, () => openOne(record, request, packet))));
      }
      return opened;
    },
  };
}

/** What opening gives, or the packet's refusal once for each of its readings. */
async function orRefusal<T>(
  packet: Packet,
  open: () => Promise<readonly T[]>,
): Promise<readonly (T | Refusal)[]> {
  try {
    return await open();
  } catch (error) {
    const refusal = REFUSALS.find((code) => error instanceof EngineError && error.code === code);
    if (refusal === undefined) throw error;
    return packet.readings.map(() => refusal);
  }
}

/** Puts the answers to what was opened back between the refusals, one for each reading of a request. */
export function withRefusals<A>(
  opened: readonly (object | Refusal)[],
  answers: readonly A[],
): readonly (A | Refusal)[] {
  let at = 0;
  return opened.flatMap((one): readonly (A | Refusal)[] => {
    if (typeof one === 'string') return [one];
    at += 1;
    return answers.slice(at - 1, at);
  });
}

function refused(expected: string): EngineError {
  return new EngineError('PACKET_REFUSED', `expected ${expected}`);
}
