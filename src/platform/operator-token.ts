import type { JWTVerifyOptions, JWTVerifyResult } from 'jose';
import { JOSEError, JWTClaimValidationFailed, JWTExpired } from 'jose/errors';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import { EngineError } from '../foundation/index.ts';
import { ed25519PrivateKey, ed25519PublicKey } from './ed25519.ts';

/** Longest life of a token, seconds: there is no way to revoke one, so it must end by itself. */
export const OPERATOR_TOKEN_SECONDS_MAX = 900;
/** How far the clocks of operator and node may differ, seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** The operator's key also signs documents; a token of another type is no token, and the reverse. */
const TOKEN_TYPE = 'mcloud-operator+jwt';

/** What a verified token says about its bearer. */
export interface OperatorTokenClaims {
  readonly subject: string;
  readonly scopes: readonly string[];
}

/**
 * Makes a bearer token (RFC 7519, EdDSA) that lets the operator use one domain: each domain gets its own, so
 * none can replay it at another.
 * @param token.nowMs the caller's clock, Unix milliseconds.
 * @throws EngineError `INVALID_ARGUMENT` when the key is not the PEM of an Ed25519 private key.
 */
export async function mintOperatorToken(token: {
  readonly privateKeyPem: string;
  /** Id of the domain that is to accept the token. */
  readonly domain: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly nowMs: number;
  readonly seconds?: number;
}): Promise<string> {
  const issuedAt = Math.floor(token.nowMs / 1_000);
  return new SignJWT({ scope: token.scopes.join(' ') })
    .setProtectedHeader({ alg: 'EdDSA', typ: TOKEN_TYPE })
    .setAudience(token.domain)
    .setSubject(token.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + (token.seconds ?? OPERATOR_TOKEN_SECONDS_MAX))
    .sign(ed25519PrivateKey(token.privateKeyPem));
}

/**
 * Checks signature, type, audience and times of a token; `exp` and `iat` are required and at most
 * {@link OPERATOR_TOKEN_SECONDS_MAX} apart.
 * @param expected.operatorKey the operator's raw 32-byte public key.
 * @throws EngineError `UNAUTHENTICATED`; the message names the failed check and nothing of the token.
 */
export async function verifyOperatorToken(
  token: string,
  expected: { readonly operatorKey: Uint8Array; readonly domain: string; readonly nowMs: number },
): Promise<OperatorTokenClaims> {
  const signer = { algorithms: ['EdDSA'], typ: TOKEN_TYPE };
  const key = ed25519PublicKey(expected.operatorKey);
  return claimsOf(
    (rules) => jwtVerify(token, key, { ...rules, ...signer }),
    expected,
    (check) => unauthenticated(`expected a valid operator token; refused: ${check ?? 'it is not a token'}`),
  );
}

/**
 * What a token says, whoever signed it: one for one domain, of a short life, with scopes.
 * @param verify checks the token by these rules and its signer's own.
 * @param refused the error for a failed check; null where what failed is no check.
 */
export async function claimsOf(
  verify: (rules: JWTVerifyOptions) => Promise<JWTVerifyResult>,
  { domain, nowMs }: { readonly domain: string; readonly nowMs: number },
  refused: (check: string | null) => EngineError,
): Promise<OperatorTokenClaims> {
  const rules = {
    audience: domain,
    requiredClaims: ['exp', 'iat', 'sub', 'aud'],
    maxTokenAge: OPERATOR_TOKEN_SECONDS_MAX,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(nowMs),
  };
  const { payload } = await verify(rules).catch((error: unknown) => {
    if (!(error instanceof JOSEError)) throw refused(null);
    const clock = `, and by the clock of this node it is ${new Date(nowMs).toISOString()}`;
    throw refused(isAboutTime(error) ? error.code + clock : error.code);
  });
  const { exp = 0, iat = 0, sub = '', scope } = payload;
  if (exp - iat > OPERATOR_TOKEN_SECONDS_MAX) throw refused('its life is too long');
  if (typeof scope !== 'string') throw refused('it has no scope');
  return { subject: sub, scopes: scope.split(' ').filter((name) => name !== '') };
}

/** Where two clocks differ, a token that was made a moment ago is from the past or the future. */
function isAboutTime(error: JOSEError): boolean {
  if (error instanceof JWTExpired) return true;
  return error instanceof JWTClaimValidationFailed && ['iat', 'nbf'].includes(error.claim);
}

export function unauthenticated(message: string): EngineError {
  return new EngineError('UNAUTHENTICATED', message);
}
