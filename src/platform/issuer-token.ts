import { createRemoteJWKSet } from 'jose/jwks/remote';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { EngineError } from '../foundation/index.ts';
import type { OperatorTokenClaims } from './operator-token.ts';
import { claimsOf, unauthenticated } from './operator-token.ts';

/** Public-key algorithms alone: with HS256 among them, whoever has the issuer's public key could sign. */
const ALGORITHMS = ['EdDSA', 'ES256', 'PS256', 'RS256'];
/** RFC 9068: an access token for a service, never the ID token that the same issuer gives to a web page. */
const TOKEN_TYPE = 'at+jwt';
/** How long the issuer's keys may take to come, and how soon an unknown key id may ask for them again. */
const KEYS_TIMEOUT_MS = 5_000;
const KEYS_COOLDOWN_MS = 30_000;

/** An OpenID Connect issuer that a domain lets speak for operators. */
export interface TokenIssuer {
  /** The issuer's URL, as its tokens have it in `iss`. */
  readonly issuer: string;
  /** Where its public keys are. */
  readonly jwks: string;
}

/** Reads tokens of one issuer for one domain. */
export interface IssuerTokens {
  /** Whether the token says it is the issuer's; nothing is checked yet. */
  claims(token: string): boolean;
  /** @throws EngineError `UNAUTHENTICATED` naming the failed check and nothing of the token */
  verify(token: string, nowMs: number): Promise<OperatorTokenClaims>;
}

/**
 * Tokens of an issuer whose keys are fetched when they are needed.
 * @param domain the audience: a token for another domain is refused.
 * @throws EngineError `INVALID_ARGUMENT` where the keys would come over an open line
 */
export function issuerTokens({ issuer, jwks }: TokenIssuer, domain: string): IssuerTokens {
  const url = URL.canParse(jwks) ? new URL(jwks) : null;
  const loopback =
    url?.hostname === '127.0.0.1' || url?.hostname === '[::1]' || url?.hostname === 'localhost';
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))) {
    throw new EngineError('INVALID_ARGUMENT', `expected an https address of the issuer's keys, got ${jwks}`);
  }
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
  });
  return {
    claims(token) {
      try {
        return decodeJwt(token).iss === issuer;
      } catch {
        return false;
      }
    },
    verify(token, nowMs) {
      const signer = { algorithms: ALGORITHMS, typ: TOKEN_TYPE, issuer };
      return claimsOf(
        (rules) => jwtVerify(token, keys, { ...rules, ...signer }),
        { domain, nowMs },
        (check) => {
          const why = check ?? 'its keys could not be had';
          return unauthenticated(`expected a valid token of the issuer; refused: ${why}`);
        },
      );
    },
  };
}
