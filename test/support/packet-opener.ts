import { labelledInput } from '../../src/foundation/index.ts';
import { type HpkeContext, recipientContext } from '../../src/platform/hpke.ts';
import { nodeSealing, openAead, SEALING_SUITE } from '../../src/platform/node-sealing.ts';
import type {
  AddressedPacket,
  FlagEntry,
  SensorId,
  SetRequest,
  ShareRow,
  UploadRequest,
} from '../../src/protocol/index.ts';
import {
  createSeedRoom,
  entriesOf,
  entryKeys,
  equalTags,
  packetName,
  readShares,
  setTag,
  shareBinding,
} from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { streamHashBytes } from '../../src/ring/index.ts';
import { fixedSealingKey } from './simulated-keys.ts';

/** Opens what sensors send to the domains of a ring with fixed keys, at once, for checkers that can't wait. */
export interface PacketOpener {
  /** Per packet its shares. Throws for a packet that does not open. */
  shares(domain: string, request: UploadRequest): ShareRow[][];
  /** Per packet its flags. @param index place of the domain in the stream. */
  set(domain: string, index: number, request: SetRequest): FlagEntry[][];
}

/**
 * @param keyOf the key of an enrolled sensor, whose packets carry none.
 * @param stream where shares are to be read as nodes read them; what a packet holds is divided evenly otherwise.
 */
export function createPacketOpener(
  keyOf: (sensor: SensorId) => Uint8Array | undefined = () => undefined,
  stream?: StreamDocument,
): PacketOpener {
  const contexts = new Map<string, HpkeContext>();

  function contextOf(
    domain: string,
    { publicKey, sensorId, encapsulated }: Omit<AddressedPacket, 'readings'>,
  ): HpkeContext {
    const name = `${domain}/${Buffer.from(encapsulated).toString('hex')}`;
    const key = publicKey ?? keyOf(sensorId) ?? new Uint8Array(0);
    const found =
      contexts.get(name) ?? recipientContext(SEALING_SUITE, fixedSealingKey(domain), key, encapsulated);
    if (found === null) throw new Error('expected a packet with points of the curve');
    contexts.set(name, found);
    return found;
  }

  return {
    set: (domain, index, { context, packets }) =>
      packets.map((packet) => {
        const proof = packet.proofs.find((one) => one.index === index);
        if (proof === undefined) throw new Error(`expected a proof for domain ${domain}`);
        const { publicKey, sensorId } = packet;
        const { encapsulated } = proof;
        const key = contextOf(domain, { publicKey, sensorId, encapsulated }).exportKey(
          labelledInput('flag-key', streamHashBytes(context.stream)),
        );
        if (equalTags(proof.tag, setTag(key, packetName(context, packet)))) return entriesOf(packet);
        throw new Error(`expected a SET to domain ${domain}`);
      }),
    shares(domain, { context, index, packets }) {
      return packets.map((packet) => {
        const key = contextOf(domain, packet).exportKey(
          labelledInput('share-key', streamHashBytes(context.stream)),
        );
        const { nonce, bound } = shareBinding(packetName(context, packet), index);
        const content = openAead(key, nonce, bound, packet.sealed);
        if (content === null) throw new Error(`expected a packet that domain ${domain} opens`);
        const entries = entriesOf(packet);
        const opened = { scope: context, index, keys: entryKeys(entries), content };
        const joined =
          stream === undefined
            ? content
            : readShares({ ...opened, stream }, nodeSealing.expand, createSeedRoom());
        const shares = evenly(joined, entries.length);
        return entries.map((entry, i) => ({ entry, share: shares[i] ?? new Uint8Array(0) }));
      });
    },
  };
}

function evenly(content: Uint8Array, parts: number): Uint8Array[] {
  const size = content.length / parts;
  return Array.from({ length: parts }, (_, i) => content.slice(i * size, (i + 1) * size));
}
