import { createHmac } from 'node:crypto';
import { bigEndian, concat, utf8 } from '../foundation/index.ts';
import type { SealingKeyPair } from '../ports/index.ts';
import { p256Agree, p256Pair } from './p256.ts';

/** RFC 9180 section 7: DHKEM(P-256, HKDF-SHA256). */
const KEM = 0x0010;
/** HKDF-SHA256. */
const KDF = 0x0001;
/** Nothing is sealed by a context itself; section 7.3 has this number for contexts that only export. */
const EXPORT_ONLY = 0xffff;
const MODE_AUTH = 2;
const HASH_BYTES = 32;
/** A candidate is no key with probability 2^-32; the RFC gives up after 256 of them. */
const CANDIDATES_MAX = 256;
const NOTHING = new Uint8Array(0);

/** What a context is bound to besides its keys. */
export interface HpkeSuite {
  readonly info: Uint8Array;
  /** The cipher's number; only a test vector has another than the default. */
  readonly aead?: number;
}

/** A context that only exports. */
export interface HpkeContext {
  /** 32 bytes. */
  exportKey(purpose: Uint8Array): Uint8Array;
}

/** The sender's, with what the recipient makes the same one of. */
export interface HpkeSenderContext extends HpkeContext {
  readonly encapsulated: Uint8Array;
}

const kemSuite = concat(utf8('KEM'), bigEndian(KEM, 2));

/** RFC 9180 section 7.1.3. @param seed at least 32 random bytes. */
export function deriveKeyPair(seed: Uint8Array): SealingKeyPair {
  const root = extract(kemSuite, NOTHING, 'dkp_prk', seed);
  for (let counter = 0; counter < CANDIDATES_MAX; counter++) {
    const pair = p256Pair(expand(kemSuite, root, 'candidate', Uint8Array.of(counter)));
    if (pair !== null) return pair;
  }
  throw new Error('expected a key among 256 candidates');
}

/**
 * SetupAuthS of RFC 9180 section 5.1.3: only whoever has the sender's private key can make a context that the
 * recipient makes as well.
 * @returns null where the recipient's key is no point of the curve.
 */
export function senderContext(
  suite: HpkeSuite,
  sender: SealingKeyPair,
  recipientKey: Uint8Array,
  seed: Uint8Array,
): HpkeSenderContext | null {
  const ephemeral = deriveKeyPair(seed);
  const [fresh] = p256Agree(ephemeral.privateKey, recipientKey) ?? [];
  const [lasting] = p256Agree(sender.privateKey, recipientKey) ?? [];
  if (fresh === undefined || lasting === undefined) return null;
  const parties = concat(ephemeral.publicKey, recipientKey, sender.publicKey);
  return { encapsulated: ephemeral.publicKey, ...contextOf(suite, concat(fresh, lasting), parties) };
}

/** SetupAuthR. @returns null where a key is no point of the curve. */
export function recipientContext(
  suite: HpkeSuite,
  recipient: SealingKeyPair,
  senderKey: Uint8Array,
  encapsulated: Uint8Array,
): HpkeContext | null {
  const agreed = p256Agree(recipient.privateKey, encapsulated, senderKey);
  if (agreed === null) return null;
  return contextOf(suite, concat(...agreed), concat(encapsulated, recipient.publicKey, senderKey));
}

/** Key schedule in Auth mode (section 5.1), as far as the exporter (section 5.3) needs it. */
function contextOf(
  { info, aead = EXPORT_ONLY }: HpkeSuite,
  agreed: Uint8Array,
  parties: Uint8Array,
): HpkeContext {
  const shared = expand(kemSuite, extract(kemSuite, NOTHING, 'eae_prk', agreed), 'shared_secret', parties);
  const suite = concat(utf8('HPKE'), bigEndian(KEM, 2), bigEndian(KDF, 2), bigEndian(aead, 2));
  const schedule = concat(
    Uint8Array.of(MODE_AUTH),
    extract(suite, NOTHING, 'psk_id_hash', NOTHING),
    extract(suite, NOTHING, 'info_hash', info),
  );
  const exporter = expand(suite, extract(suite, shared, 'secret', NOTHING), 'exp', schedule);
  return { exportKey: (purpose) => expand(suite, exporter, 'sec', purpose) };
}

/** LabeledExtract of section 4; an absent salt is a hash of zeros, and so is an empty HMAC key. */
function extract(suite: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return hmac(salt, utf8('HPKE-v1'), suite, utf8(label), input);
}

/** LabeledExpand of section 4 to the 32 bytes of one block, which is all this suite ever asks for. */
function expand(suite: Uint8Array, secret: Uint8Array, label: string, info: Uint8Array): Uint8Array {
  const length = bigEndian(HASH_BYTES, 2);
  return hmac(secret, length, utf8('HPKE-v1'), suite, utf8(label), info, Uint8Array.of(1));
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return new Uint8Array(mac.digest());
}
