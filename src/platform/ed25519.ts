import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { EngineError, fromBase64Url, toBase64Url } from '../foundation/index.ts';
import type { Signer, Verifier } from '../ring/index.ts';

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

export interface Ed25519KeyPair {
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
  /** PKCS #8 in PEM. */
  readonly privateKeyPem: string;
}

/** Ed25519 verification with `node:crypto`; public keys are the raw 32 bytes. */
export const nodeVerifier: Verifier = async (publicKey, message, signature) => {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  let key: KeyObject;
  try {
    key = ed25519PublicKey(publicKey);
  } catch {
    return false;
  }
  return nodeVerify(null, message, key, signature);
};

/** @throws EngineError `INVALID_ARGUMENT` when the text is not the PEM of an Ed25519 private key. */
export function signerFromPem(privateKeyPem: string): Signer {
  const key = ed25519PrivateKey(privateKeyPem);
  return async (message) => new Uint8Array(nodeSign(null, message, key));
}

/**
 * The raw public key that belongs to a private key.
 * @throws EngineError `INVALID_ARGUMENT` when the text is not the PEM of an Ed25519 private key.
 */
export function publicKeyFromPem(privateKeyPem: string): Uint8Array {
  return rawPublicKey(createPublicKey(ed25519PrivateKey(privateKeyPem)));
}

export async function generateEd25519(): Promise<Ed25519KeyPair> {
  const pair = await promisify(generateKeyPair)('ed25519');
  return {
    publicKey: rawPublicKey(pair.publicKey),
    privateKeyPem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** The key object of 32 raw bytes, for code that needs Node's own type. */
export function ed25519PublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) },
  });
}

/** @throws EngineError `INVALID_ARGUMENT` when the text is not the PEM of an Ed25519 private key. */
export function ed25519PrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw notEd25519('another text');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw notEd25519(`a key of type ${key.asymmetricKeyType}`);
  return key;
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return fromBase64Url(key.export({ format: 'jwk' }).x ?? '');
}

function notEd25519(got: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', `expected the PEM of an Ed25519 private key, got ${got}`);
}
