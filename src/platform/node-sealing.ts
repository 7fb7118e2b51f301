import { createCipheriv, createDecipheriv } from 'node:crypto';
import { labelledInput } from '../foundation/index.ts';
import type { Sealing } from '../ports/index.ts';
import { deriveKeyPair, type HpkeSuite, recipientContext, senderContext } from './hpke.ts';

const TAG_BYTES = 16;
const suite: HpkeSuite = { info: labelledInput('sealing') };

/** The sealing of Node, with OpenSSL; everything is done when it is asked for. */
export const nodeSealing: Sealing = {
  deriveKeyPair: async (seed) => deriveKeyPair(seed),
  toDomain: async (sensor, domainKey, seed) => senderContext(suite, sensor, domainKey, seed),
  fromSensor: async (domain, sensorKey, encapsulated) =>
    recipientContext(suite, domain, sensorKey, encapsulated),
  async seal(key, nonce, bound, text) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound);
    const sealed = new Uint8Array(text.length + TAG_BYTES);
    sealed.set(cipher.update(text));
    cipher.final();
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  },
  async open(key, nonce, bound, sealed) {
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
    return new Uint8Array(text);
  },
};
