import { concat, EngineError, fromBase64Url } from '../src/foundation/index.ts';
import type { RandomBytes, Sealing } from '../src/ports/index.ts';
import type {
  CreatePacket,
  FlagEntry,
  Packet,
  PacketKeys,
  SetPacket,
  SharePacket,
  WindowScope,
} from '../src/protocol/index.ts';
import { flagTag, packetKeys, shareBinding } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { NodeId } from '../src/ring/index.ts';
import type { SensorIdentity, SensorKeys } from './identity.ts';

export interface PacketMakerOptions {
  readonly sealing: Sealing;
  readonly randomBytes: RandomBytes;
  readonly stream: () => StreamDocument | Promise<StreamDocument>;
  /** The key that a node's domain has sensors seal to, base64url. @throws EngineError `WRONG_NODE` */
  readonly sealingKeyOf: (node: NodeId) => string;
}

/** Says things as a sensor to the domain of a node, so that nobody else can read or say them. */
export interface PacketMaker {
  /** @param index place of the domain in the stream; every entry is the sensor's. */
  shares(
    sensor: SensorIdentity,
    node: NodeId,
    scope: WindowScope,
    index: number,
    rows: readonly { readonly entry: FlagEntry; readonly share: Uint8Array }[],
  ): Promise<SharePacket>;
  create(
    sensor: SensorIdentity,
    node: NodeId,
    scope: WindowScope,
    entries: readonly FlagEntry[],
  ): Promise<CreatePacket>;
  /** @param flags each with the receipts of all domains of the stream, in its order. */
  set(
    sensor: SensorIdentity,
    node: NodeId,
    scope: WindowScope,
    flags: readonly { readonly entry: FlagEntry; readonly receipts: readonly Uint8Array[] }[],
  ): Promise<SetPacket>;
}

/** What a sensor keeps of its agreement with a domain. */
interface Agreement extends PacketKeys {
  readonly encapsulated: Uint8Array;
}

export function createPacketMaker(options: PacketMakerOptions): PacketMaker {
  const { sealing, randomBytes, sealingKeyOf } = options;
  /** One agreement per sensor and domain, made when it is first needed; gone with the sensor's keys. */
  const agreements = new WeakMap<SensorKeys, Map<string, Promise<Agreement>>>();

  function agreementOf(keys: SensorKeys, sealingKey: string, stream: StreamDocument): Promise<Agreement> {
    const own = agreements.get(keys) ?? new Map<string, Promise<Agreement>>();
    agreements.set(keys, own);
    const made = own.get(sealingKey) ?? agree(keys, sealingKey, stream);
    own.set(sealingKey, made);
    return made;
  }

  async function agree(keys: SensorKeys, sealingKey: string, stream: StreamDocument): Promise<Agreement> {
    const context = await sealing.toDomain(keys, fromBase64Url(sealingKey), randomBytes(32));
    if (context === null) {
      throw new EngineError('RING_REFUSED', 'expected a point of P-256 as the sealing key of every domain');
    }
    const exported = await packetKeys((purpose) => context.exportKey(purpose), stream.hash);
    return { ...exported, encapsulated: context.encapsulated };
  }

  async function headOf(
    { sensorId, keys }: SensorIdentity,
    node: NodeId,
    entries: readonly FlagEntry[],
  ): Promise<{ readonly packet: Packet; readonly agreement: Agreement }> {
    const stream = await options.stream();
    const agreement = await agreementOf(keys, sealingKeyOf(node), stream);
    const readings = entries.map(({ readingId, count }) => ({ readingId, count }));
    // A domain without a roster of the stream's sensors has nowhere else to learn the key from.
    const publicKey = stream.enrolment === 'open' ? keys.publicKey : null;
    return { packet: { sensorId, encapsulated: agreement.encapsulated, publicKey, readings }, agreement };
  }

  return {
    async create(sensor, node, scope, entries) {
      const { packet, agreement } = await headOf(sensor, node, entries);
      return { ...packet, tag: flagTag(agreement.flags, 'CREATE', scope, packet) };
    },
    async set(sensor, node, scope, flags) {
      const entries = flags.map(({ entry }) => entry);
      const { packet, agreement } = await headOf(sensor, node, entries);
      const said = flags.map(({ receipts }) => receipts);
      const readings = flags.map(({ entry, receipts }) => ({
        readingId: entry.readingId,
        count: entry.count,
        receipts,
      }));
      return { ...packet, readings, tag: flagTag(agreement.flags, 'SET', scope, packet, said) };
    },
    async shares(sensor, node, scope, index, rows) {
      const entries = rows.map(({ entry }) => entry);
      const { packet, agreement } = await headOf(sensor, node, entries);
      const { nonce, bound } = shareBinding(scope, index, packet);
      const shares = concat(...rows.map(({ share }) => share));
      return { ...packet, sealed: await sealing.seal(agreement.shares, nonce, bound, shares) };
    },
  };
}
