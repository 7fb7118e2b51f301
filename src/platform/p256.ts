import { createECDH, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { EngineError, fromBase64Url } from '../foundation/index.ts';
import type { SealingKeyPair } from '../ports/index.ts';

const CURVE = 'prime256v1';
const POINT_BYTES = 65;
/** First byte of a point in uncompressed form. */
const UNCOMPRESSED = 4;

export interface P256KeyFile {
  /** The point, uncompressed, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** PKCS #8 in PEM. */
  readonly privateKeyPem: string;
}

export async function generateP256(): Promise<P256KeyFile> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const privateKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { publicKey: rawPair(privateKey).publicKey, privateKeyPem };
}

/** @throws EngineError `INVALID_ARGUMENT` when the text is not the PEM of a P-256 private key. */
export function p256FromPem(pem: string): SealingKeyPair {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw notP256('another text');
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== CURVE) {
    throw notP256(`a key of type ${key.asymmetricKeyType}`);
  }
  return rawPair(key);
}

/** The pair of a private key. @returns null where the number is zero or not below the order of the curve. */
export function p256Pair(privateKey: Uint8Array): SealingKeyPair | null {
  const agreement = createECDH(CURVE);
  try {
    agreement.setPrivateKey(privateKey);
  } catch {
    return null;
  }
  return { publicKey: new Uint8Array(agreement.getPublicKey()), privateKey };
}

/**
 * The shared secrets of one private key with points of others, 32 bytes each. Synchronous: a promise of WebCrypto
 * settles when a thread is done, so a simulated run would not replay, and it costs ten times the curve operation.
 * @returns null where one of them is no point of the curve.
 */
export function p256Agree(privateKey: Uint8Array, ...points: readonly Uint8Array[]): Uint8Array[] | null {
  const agreement = createECDH(CURVE);
  try {
    agreement.setPrivateKey(privateKey);
    return points.map((point) => {
      // Node would take the short form as well, and one point would have two spellings.
      if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) throw notP256('another point');
      return agreement.computeSecret(point);
    });
  } catch {
    return null;
  }
}

function rawPair(key: KeyObject): SealingKeyPair {
  const pair = p256Pair(fromBase64Url(key.export({ format: 'jwk' }).d ?? ''));
  if (pair === null) throw notP256('a number that is no key');
  return pair;
}

function notP256(got: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', `expected the PEM of a P-256 private key, got ${got}`);
}
