import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { labelledInput } from '../foundation/index.ts';
import type { Sealing } from '../ports/index.ts';
import { deriveKeyPair, type HpkeSuite, recipientContext, senderContext } from './hpke.ts';

const TAG_BYTES = 16;
/** Texts from here on stay where the cipher has put them. */
const OWN_MEMORY_BYTES = 4_096;
/** What every context between a sensor and a domain is bound to. */
export const SEALING_SUITE: HpkeSuite = { info: labelledInput('sealing') };

/** The sealing of Node, with OpenSSL; everything is done when it is asked for. */
export const nodeSealing: Sealing = {
  deriveKeyPair: async (seed) => deriveKeyPair(seed),
  async toDomain(sensor, domainKey, seed) {
    const context = senderContext(SEALING_SUITE, sensor, domainKey, seed);
    if (context === null) return null;
    return { encapsulated: context.encapsulated, exportKey: async (purpose) => context.exportKey(purpose) };
  },
  async fromSensor(domain, sensorKey, encapsulated) {
    const context = recipientContext(SEALING_SUITE, domain, sensorKey, encapsulated);
    return context === null ? null : { exportKey: async (purpose) => context.exportKey(purpose) };
  },
  async seal(key, nonce, bound, text) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound);
    const sealed = new Uint8Array(text.length + TAG_BYTES);
    sealed.set(cipher.update(text));
    cipher.final();
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  },
  expand(input, bytes) {
    const { buffer, byteOffset } = createHash('shake128', { outputLength: bytes }).update(input).digest();
    return new Uint8Array(buffer, byteOffset, bytes);
  },
  open: async (key, nonce, bound, sealed) => openAead(key, nonce, bound, sealed),
};

/** The text, or null where the bytes are not what was sealed under this key, nonce and binding. */
export function openAead(
  key: Uint8Array,
  nonce: Uint8Array,
  bound: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const text = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return null;
  }
  // Short ones are copied onto the engine's heap, where an array costs less than one of memory of its own.
  if (text.length < OWN_MEMORY_BYTES) return new Uint8Array(text);
  return new Uint8Array(text.buffer, text.byteOffset, text.length);
}
