import { labelledInput } from '../../src/foundation/index.ts';
import { type HpkeContext, recipientContext } from '../../src/platform/hpke.ts';
import { openAead, SEALING_SUITE } from '../../src/platform/node-sealing.ts';
import type {
  CopyRequest,
  CreateRequest,
  FlagEntry,
  FlagSaying,
  Packet,
  SensorId,
  SetRequest,
  UploadRequest,
  WindowScope,
} from '../../src/protocol/index.ts';
import { entriesOf, equalTags, flagTag, shareBinding } from '../../src/protocol/index.ts';
import type { StreamHash } from '../../src/ring/index.ts';
import { streamHashBytes } from '../../src/ring/index.ts';
import { fixedSealingKey } from './simulated-keys.ts';

/** Opens what sensors send to the domains of a ring with fixed keys, at once, for checkers that can't wait. */
export interface PacketOpener {
  /** Throws for a packet that does not open. */
  shares(domain: string, request: UploadRequest): CopyRequest['rows'];
  create(domain: string, request: CreateRequest): FlagEntry[];
  set(domain: string, request: SetRequest): FlagEntry[];
}

/** @param keyOf the key of an enrolled sensor, whose packets carry none. */
export function createPacketOpener(
  keyOf: (sensor: SensorId) => Uint8Array | undefined = () => undefined,
): PacketOpener {
  const contexts = new Map<string, HpkeContext>();

  function contextOf(domain: string, { publicKey, sensorId, encapsulated }: Packet): HpkeContext {
    const name = `${domain}/${Buffer.from(encapsulated).toString('hex')}`;
    const key = publicKey ?? keyOf(sensorId) ?? new Uint8Array(0);
    const found =
      contexts.get(name) ?? recipientContext(SEALING_SUITE, fixedSealingKey(domain), key, encapsulated);
    if (found === null) throw new Error('expected a packet with points of the curve');
    contexts.set(name, found);
    return found;
  }

  function proved(
    domain: string,
    saying: FlagSaying,
    stream: StreamHash,
    scope: WindowScope,
    packet: Packet & { readonly tag: Uint8Array },
    receipts?: readonly (readonly Uint8Array[])[],
  ): FlagEntry[] {
    const key = contextOf(domain, packet).exportKey(labelledInput('flag-key', streamHashBytes(stream)));
    if (!equalTags(packet.tag, flagTag(key, saying, scope, packet, receipts))) {
      throw new Error(`expected a ${saying} to domain ${domain}`);
    }
    return entriesOf(packet);
  }

  return {
    create: (domain, { context, packets }) =>
      packets.flatMap((packet) => proved(domain, 'CREATE', context.stream, context, packet)),
    set: (domain, { context, packets }) =>
      packets.flatMap((packet) => {
        const receipts = packet.readings.map((reading) => reading.receipts);
        return proved(domain, 'SET', context.stream, context, packet, receipts);
      }),
    shares(domain, { context, index, packets }) {
      return packets.flatMap((packet) => {
        const key = contextOf(domain, packet).exportKey(
          labelledInput('share-key', streamHashBytes(context.stream)),
        );
        const { nonce, bound } = shareBinding(context, index, packet);
        const shares = openAead(key, nonce, bound, packet.sealed);
        if (shares === null) throw new Error(`expected a packet that domain ${domain} opens`);
        const size = shares.length / packet.readings.length;
        return entriesOf(packet).map((entry, i) => ({
          entry,
          share: shares.slice(i * size, (i + 1) * size),
        }));
      });
    },
  };
}
