import { EngineError } from '../../src/foundation/index.ts';
import type {
  CopyRequest,
  CreateRequest,
  FlagEntry,
  FlagSaying,
  Packet,
  Refusal,
  SeedRoom,
  SetRequest,
  SharePacket,
  UploadRequest,
} from '../../src/protocol/index.ts';
import {
  createReceipts,
  createSeedRoom,
  entriesOf,
  equalTags,
  flagTag,
  REFUSALS,
  readShares,
  shareBinding,
} from '../../src/protocol/index.ts';
import type { Admission } from './admission.ts';
import type { KeyUseComponents } from './packet-key-use.ts';
import { createKeyUse, packetRefused } from './packet-key-use.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface PacketsComponents extends KeyUseComponents {
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

export function createPackets(components: PacketsComponents): Packets {
  const { sealing, roster, admission } = components;
  const withKeys = createKeyUse(components);

  async function openOne(
    { scope, stream }: OpenWindowRecord,
    { partition, index }: UploadRequest,
    packet: SharePacket,
    room: SeedRoom,
  ): Promise<readonly OpenedShare[]> {
    const entries = entriesOf(packet);
    admission.entries(stream, partition, entries);
    const { nonce, bound } = shareBinding(scope, index, packet);
    const content = await withKeys(stream, packet, async (keys) => {
      const opened = await sealing.open(keys.shares, nonce, bound, packet.sealed);
      if (opened === null)
        throw packetRefused('shares that this sensor sealed to this domain for these readings');
      return opened;
    });
    const shares = readShares({ scope, stream, index, entries, content }, sealing.expand, room);
    return shares.flatMap((share, place) => {
      const entry = entries[place];
      return entry === undefined ? [] : [{ entry, share }];
    });
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
      throw packetRefused(`a ${saying} that this sensor says to this domain about these readings`);
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
      const opened: (readonly (OpenedShare | Refusal)[])[] = [];
      const room = createSeedRoom();
      for (const packet of request.packets) {
        opened.push(await orRefusal(packet, () => openOne(record, request, packet, room)));
      }
      // Opening takes a while: who was revoked meanwhile must not be stored any more.
      return opened.flatMap((shares, place) => {
        const packet = request.packets[place];
        if (packet === undefined || record.stream.enrolment === 'open') return shares;
        const { kind } = roster.find(record.stream, packet.sensorId);
        return kind === 'revoked' ? packet.readings.map(() => 'SENSOR_REVOKED' as const) : shares;
      });
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
