import { EngineError, fromBase64Url } from '../src/foundation/index.ts';
import type { RandomBytes, Sealing } from '../src/ports/index.ts';
import type {
  Packet,
  PacketKeys,
  PacketReading,
  RelayRequest,
  RelayResponse,
  SetPacket,
  SharePacket,
  WindowScope,
} from '../src/protocol/index.ts';
import {
  domainWord,
  equalTags,
  packetKeys,
  packetName,
  setTag,
  shareBinding,
} from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { shareIndex } from '../src/protocol/stream-document.ts';
import type { DomainSection, NodeId } from '../src/ring/index.ts';
import { majority } from '../src/ring/index.ts';
import type { SensorIdentity, SensorKeys } from './identity.ts';

export interface PacketMakerOptions {
  readonly sealing: Sealing;
  readonly randomBytes: RandomBytes;
  readonly stream: () => StreamDocument | Promise<StreamDocument>;
  /** A node's domain, and the key that it has sensors seal to. @throws EngineError `WRONG_NODE` */
  readonly domainOf: (node: NodeId) => Pick<DomainSection, 'domain' | 'sealingKey'>;
}

/** Says things as a sensor to the domains of nodes, so that nobody else can read or say them. */
export interface PacketMaker {
  /**
   * @param index place of the domain in the stream.
   * @param shares of the readings, one after another.
   */
  shares(
    sensor: SensorIdentity,
    node: NodeId,
    scope: WindowScope,
    index: number,
    readings: readonly PacketReading[],
    shares: Uint8Array,
  ): Promise<SharePacket>;
  /**
   * @param acceptors whose domains are to take the packet for the sensor's word.
   * @param receipts of all domains of the stream, in its order.
   */
  set(
    sensor: SensorIdentity,
    acceptors: readonly NodeId[],
    scope: WindowScope,
    readings: readonly PacketReading[],
    receipts: readonly Uint8Array[],
  ): Promise<SetPacket>;
  /**
   * @param nodes one of every domain of the stream, in its order.
   * @param shares of the readings, for each domain one after another.
   */
  relay(
    sensor: SensorIdentity,
    nodes: readonly NodeId[],
    scope: WindowScope,
    readings: readonly PacketReading[],
    shares: readonly Uint8Array[],
  ): Promise<RelayedPacket>;
}

/** A packet that one node brings to all domains. */
export interface RelayedPacket {
  readonly packet: Packet & Pick<RelayRequest, 'parts'>;
  /** Whether every domain says that it keeps its shares, and a quorum of the acceptors that they have voted for TRUE. */
  judge(answer: RelayResponse, acceptors: readonly NodeId[]): boolean;
}

/** What a sensor keeps of its agreement with a domain. */
interface Agreement extends PacketKeys {
  readonly encapsulated: Uint8Array;
}

type SetProof = SetPacket['proofs'][number];

/** A packet's name and what has been proved about it, with what both hold for. */
interface Named extends WindowScope, Pick<Packet, 'sensorId'> {
  readonly name: Uint8Array;
  readonly proofs: Map<string, SetProof>;
}

export function createPacketMaker(options: PacketMakerOptions): PacketMaker {
  const { sealing, randomBytes, domainOf } = options;
  /** What the last packet with a list of readings is called, and the proofs of its SET by the domain's key. */
  const made = new WeakMap<readonly PacketReading[], Named>();
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
    const { shares, flags } = exported;
    return { shares, flags, encapsulated: context.encapsulated };
  }

  /** A domain without a roster of the stream's sensors has nowhere else to learn the key from. */
  function packetOf(
    { sensorId, keys }: SensorIdentity,
    stream: StreamDocument,
    readings: readonly PacketReading[],
  ): Packet {
    return { sensorId, publicKey: stream.enrolment === 'open' ? keys.publicKey : null, readings };
  }

  /** Every domain is sent the same packet, and every acceptor; its readings are gone through once. */
  function named({ stream, window, group }: WindowScope, packet: Packet): Named {
    const { sensorId, readings } = packet;
    const known = made.get(readings);
    const same = known?.stream === stream && known.window === window && known.group === group;
    if (same && known.sensorId === sensorId) return known;
    const name = packetName({ stream, window, group }, packet);
    const one = { stream, window, group, sensorId, name, proofs: new Map() };
    made.set(readings, one);
    return one;
  }

  return {
    async shares(sensor, node, scope, index, readings, shares) {
      const stream = await options.stream();
      const packet = packetOf(sensor, stream, readings);
      const agreement = await agreementOf(sensor.keys, domainOf(node).sealingKey, stream);
      const { nonce, bound } = shareBinding(named(scope, packet).name, index);
      const sealed = await sealing.seal(agreement.shares, nonce, bound, shares);
      return { encapsulated: agreement.encapsulated, sealed, ...packet };
    },
    async set(sensor, acceptors, scope, readings, receipts) {
      const stream = await options.stream();
      const packet = packetOf(sensor, stream, readings);
      const { name, proofs: known } = named(scope, packet);
      const proofs = new Map<number, SetProof>();
      for (const node of acceptors) {
        const { domain, sealingKey } = domainOf(node);
        const index = shareIndex(stream, domain);
        if (index === undefined || proofs.has(index)) continue;
        const { flags, encapsulated } = await agreementOf(sensor.keys, sealingKey, stream);
        const proof = known.get(sealingKey) ?? { index, encapsulated, tag: setTag(flags, name) };
        known.set(sealingKey, proof);
        proofs.set(index, proof);
      }
      return { receipts, proofs: [...proofs.values()], ...packet };
    },
    async relay(sensor, nodes, scope, readings, shares) {
      const stream = await options.stream();
      const packet = packetOf(sensor, stream, readings);
      const { name } = named(scope, packet);
      const own = await Promise.all(
        nodes.map((node) => agreementOf(sensor.keys, domainOf(node).sealingKey, stream)),
      );
      const parts = own.map(async (agreement, index) => {
        const { nonce, bound } = shareBinding(name, index);
        const sealed = await sealing.seal(agreement.shares, nonce, bound, shares[index] ?? new Uint8Array(0));
        return { encapsulated: agreement.encapsulated, sealed, tag: setTag(agreement.flags, name) };
      });
      const indexOf = (node: NodeId) => shareIndex(stream, domainOf(node).domain) ?? -1;
      return {
        packet: { parts: await Promise.all(parts), ...packet },
        judge(answer, acceptors) {
          const voted = answer.votes.filter(({ acceptor, word }, place) => {
            const node = acceptors[acceptor];
            const key = node === undefined ? undefined : own[indexOf(node)]?.flags;
            const first = answer.votes.findIndex((other) => other.acceptor === acceptor) === place;
            return key !== undefined && first && equalTags(word, domainWord(key, 'ACCEPTED', name, node));
          });
          const kept = own.every(({ flags }, index) => {
            const word = answer.stored[index];
            return word !== undefined && equalTags(word, domainWord(flags, 'STORED', name));
          });
          return kept && voted.length >= majority(acceptors.length);
        },
      };
    },
  };
}
