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
import { FORMER_SEALING_KEYS_MAX, type StreamHash, streamHashBytes } from '../../src/ring/index.ts';
import { fixedSealingKey } from './simulated-keys.ts';

/** How often a domain of a run renews its sealing key, at most: its nodes keep as many former ones. */
export const RENEWALS_MAX = FORMER_SEALING_KEYS_MAX;

/** Opens what sensors send to the domains of a ring with fixed keys, at once, for checkers that can't wait. */
export interface PacketOpener {
  /** Per packet its shares. Throws for a packet that does not open. */
  shares(domain: string, request: UploadRequest): ShareRow[][];
  /** Per packet its flags. @param index place of the domain in the stream. */
  set(domain: string, index: number, request: SetRequest): FlagEntry[][];
}

/**
 * @param keyOf the key of an enrolled sensor, whose packets carry none.
 * @param streamOf where shares are to be read as nodes read them; what a packet holds is divided evenly otherwise.
 */
export function createPacketOpener(
  keyOf: (sensor: SensorId) => Uint8Array | undefined = () => undefined,
  streamOf?: (hash: StreamHash) => StreamDocument,
): PacketOpener {
  const contexts = new Map<string, HpkeContext>();

  /** Tries the keys that the domain has had until one opens, as nodes do. */
  function opened<T>(
    domain: string,
    { publicKey, sensorId, encapsulated }: Omit<AddressedPacket, 'readings'>,
    open: (context: HpkeContext) => T | null,
  ): T | null {
    const name = `${domain}/${Buffer.from(encapsulated).toString('hex')}`;
    const known = contexts.get(name);
    if (known !== undefined) return open(known);
    const key = publicKey ?? keyOf(sensorId) ?? new Uint8Array(0);
    for (let renewals = 0; renewals <= RENEWALS_MAX; renewals++) {
      const own = fixedSealingKey(domain, renewals);
      const context = recipientContext(SEALING_SUITE, own, key, encapsulated);
      if (context === null) throw new Error('expected a packet with points of the curve');
      const found = open(context);
      if (found === null) continue;
      contexts.set(name, context);
      return found;
    }
    return null;
  }

  return {
    set: (domain, index, { context, packets }) =>
      packets.map((packet) => {
        const proof = packet.proofs.find((one) => one.index === index);
        if (proof === undefined) throw new Error(`expected a proof for domain ${domain}`);
        const { publicKey, sensorId } = packet;
        const { encapsulated } = proof;
        const label = labelledInput('flag-key', streamHashBytes(context.stream));
        const name = packetName(context, packet);
        const entries = opened(domain, { publicKey, sensorId, encapsulated }, (hpke) =>
          equalTags(proof.tag, setTag(hpke.exportKey(label), name)) ? entriesOf(packet) : null,
        );
        if (entries === null) throw new Error(`expected a SET to domain ${domain}`);
        return entries;
      }),
    shares(domain, { context, index, packets }) {
      return packets.map((packet) => {
        const label = labelledInput('share-key', streamHashBytes(context.stream));
        const { nonce, bound } = shareBinding(packetName(context, packet), index);
        const content = opened(domain, packet, (hpke) =>
          openAead(hpke.exportKey(label), nonce, bound, packet.sealed),
        );
        if (content === null) throw new Error(`expected a packet that domain ${domain} opens`);
        const entries = entriesOf(packet);
        const sealed = { scope: context, index, keys: entryKeys(entries), content };
        const joined =
          streamOf === undefined
            ? content
            : readShares(
                { ...sealed, stream: streamOf(context.stream) },
                nodeSealing.expand,
                createSeedRoom(),
              );
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
