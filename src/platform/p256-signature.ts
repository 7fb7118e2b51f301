import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { toBase64Url } from '../foundation/index.ts';

const POINT_BYTES = 65;
/** First byte of a point in uncompressed form. */
const UNCOMPRESSED = 4;

/** ECDSA over SHA-256 with a P-256 key. @returns 64 bytes, r and s */
export function p256Sign(privateKeyPem: string, message: Uint8Array): Uint8Array {
  const key = createPrivateKey(privateKeyPem);
  return new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }));
}

/** Whether the bytes are a point of the curve, uncompressed. */
export function isP256Point(bytes: Uint8Array): boolean {
  return keyOf(bytes) !== null;
}

/**
 * Whether `signature` (64 bytes, r and s) is the ECDSA signature of the uncompressed key over `message`; false
 * also for bytes that are no point of the curve.
 */
export function p256Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(publicKey);
  return key !== null && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function keyOf(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== POINT_BYTES || publicKey[0] !== UNCOMPRESSED) return null;
  const x = toBase64Url(publicKey.slice(1, 33));
  const y = toBase64Url(publicKey.slice(33));
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
  } catch {
    return null;
  }
}
