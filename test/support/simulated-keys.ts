import { createHash } from 'node:crypto';
import { toBase64Url } from '../../src/foundation/index.ts';
import { publicKeyFromPem, signerFromPem } from '../../src/platform/ed25519.ts';
import { deriveKeyPair } from '../../src/platform/hpke.ts';
import type { SealingKeyPair } from '../../src/ports/index.ts';
import type { Signer } from '../../src/ring/index.ts';

/** DER of PKCS #8 in front of the 32 bytes of an Ed25519 private key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface FixedKey {
  readonly signer: Signer;
  /** base64url, as documents name keys. */
  readonly publicKey: string;
}

/** The same key pair for a name on every machine and run; worthless outside tests. */
export function fixedKey(name: string): FixedKey {
  const seed = createHash('sha256').update(`m-cloud test key ${name}`).digest();
  const der = Buffer.concat([PKCS8_PREFIX, seed]).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
  return { signer: signerFromPem(pem), publicKey: toBase64Url(publicKeyFromPem(pem)) };
}

/** The key that a domain's shares are sealed to, after it has been renewed so many times. */
export function fixedSealingKey(domain: string, renewals = 0): SealingKeyPair {
  const name = renewals === 0 ? domain : `${domain}, renewed ${renewals} times`;
  return deriveKeyPair(createHash('sha256').update(`m-cloud test sealing key ${name}`).digest());
}

/** A text of the form of a certificate: documents carry one, the simulated network needs none. */
export function fixedCertificate(name: string): string {
  const body = createHash('sha256').update(`m-cloud test certificate ${name}`).digest('base64');
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}
