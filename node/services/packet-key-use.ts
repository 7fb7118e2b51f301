import { characters, EngineError, equalBytes, hasCode } from '../../src/foundation/index.ts';
import type { Clock, Sealing, SealingKeyPair } from '../../src/ports/index.ts';
import type { AddressedPacket, PacketKeys } from '../../src/protocol/index.ts';
import { packetKeys, sensorIdOf } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { StreamHash } from '../../src/ring/index.ts';
import { createRecent } from '../engine/recent.ts';
import type { Roster } from './roster.ts';
import { createSensorRate } from './sensor-rate.ts';

/** Keys of sensors that a node keeps, at half a kilobyte each; another sensor costs a key agreement again. */
const PACKET_KEYS_KEPT_MAX = 16_384;
/** Of an encapsulated key, behind the byte that says what form it has. */
const NAME_BYTES = 16;

export interface KeyUseComponents {
  readonly sealing: Sealing;
  readonly sealingKey: SealingKeyPair;
  /** Keys that sections named before: a sensor seals to one of them until it has followed the ring documents. */
  readonly formerSealingKeys: readonly SealingKeyPair[];
  readonly roster: Roster;
  readonly clock: Clock;
}

interface KeptKeys extends PacketKeys {
  readonly stream: StreamHash;
  readonly encapsulated: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Runs `use` with the packet's keys; they are kept only when it succeeds, or made-up ones would push out good ones.
 * @throws EngineError `PACKET_REFUSED`, `SENSOR_UNKNOWN`, `SENSOR_REVOKED`, `RATE_LIMITED`, `INCOMPLETE` and what `use` throws
 */
export type KeyUse = <T>(
  stream: StreamDocument,
  packet: AddressedPacket,
  hear: HearOfSensors,
  use: (keys: PacketKeys) => Promise<T>,
) => Promise<T>;

/** Has this node hear of whom its domain has accepted; false where some of the domain did not answer. */
export type HearOfSensors = () => Promise<boolean>;

export function createKeyUse(components: KeyUseComponents): KeyUse {
  const { sealing, sealingKey, formerSealingKeys, roster, clock } = components;
  const kept = createRecent<KeptKeys>(PACKET_KEYS_KEPT_MAX);
  const rate = createSensorRate(clock);

  /**
   * Looks the sensor up for every packet: keys that are kept must not outlive an enrolment.
   * @param proved the key that the same id was made of before.
   * @returns null where nobody has told this node of the sensor
   */
  function publicKeyOf(
    stream: StreamDocument,
    packet: AddressedPacket,
    proved: Uint8Array | undefined,
  ): Uint8Array | null {
    if (stream.enrolment === 'open') {
      const { publicKey } = packet;
      if (publicKey !== null && proved !== undefined && equalBytes(publicKey, proved)) return proved;
      if (publicKey !== null && equalBytes(sensorIdOf(publicKey), packet.sensorId)) return publicKey;
      throw packetRefused('the public key that the sensor id is made of');
    }
    const found = roster.find(stream, packet.sensorId);
    if (found.kind === 'revoked') throw new EngineError('SENSOR_REVOKED', 'expected an enrolled sensor');
    if (found.kind === 'unknown') return null;
    if (packet.publicKey !== null) throw packetRefused('no public key of an enrolled sensor');
    return found.publicKey;
  }

  /**
   * Who enrols a sensor is content with one node of each domain, which may not have told this one yet; and a sensor gives a
   * reading up that is refused.
   */
  async function keyOnceHeard(
    stream: StreamDocument,
    packet: AddressedPacket,
    hear: HearOfSensors,
  ): Promise<Uint8Array> {
    const heardAll = await hear();
    const publicKey = publicKeyOf(stream, packet, undefined);
    if (publicKey !== null) return publicKey;
    if (heardAll) throw new EngineError('SENSOR_UNKNOWN', 'expected an enrolled sensor');
    throw new EngineError('INCOMPLETE', 'expected all nodes of the domain to tell whom it has accepted');
  }

  return async <T>(
    stream: StreamDocument,
    packet: AddressedPacket,
    hear: HearOfSensors,
    use: (keys: PacketKeys) => Promise<T>,
  ): Promise<T> => {
    const { encapsulated } = packet;
    const sensor = characters(packet.sensorId);
    // As much of it as tells a sensor's keys apart, for a name that is quickly made and looked up.
    const name = sensor + characters(encapsulated.subarray(1, 1 + NAME_BYTES));
    const known = kept.find(name);
    const publicKey =
      publicKeyOf(stream, packet, known?.publicKey) ?? (await keyOnceHeard(stream, packet, hear));
    rate.check(sensor);
    if (known?.stream === stream.hash && equalBytes(known.encapsulated, encapsulated)) {
      const used = await use(known);
      rate.count(sensor);
      return used;
    }
    // A packet does not say which key it is sealed to; with another one nothing in it opens.
    let refusal: unknown;
    for (const key of [sealingKey, ...formerSealingKeys]) {
      const context = await sealing.fromSensor(key, publicKey, encapsulated);
      if (context === null) throw packetRefused('an encapsulated key that is a point of the curve');
      const keys = await packetKeys((purpose) => context.exportKey(purpose), stream.hash);
      try {
        const used = await use(keys);
        // Copies: what a packet came in is larger by far.
        const { shares, flags } = keys;
        const own = { encapsulated: encapsulated.slice(), publicKey: publicKey.slice() };
        kept.keep(name, { shares, flags, stream: stream.hash, ...own });
        rate.count(sensor);
        return used;
      } catch (error) {
        if (!hasCode(error, 'PACKET_REFUSED')) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  };
}

export function packetRefused(expected: string): EngineError {
  return new EngineError('PACKET_REFUSED', `expected ${expected}`);
}
