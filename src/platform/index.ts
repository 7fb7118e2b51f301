export { cryptoRandomBytes } from './crypto-random.ts';
export type { Ed25519KeyPair } from './ed25519.ts';
export {
  ed25519PrivateKey,
  ed25519PublicKey,
  generateEd25519,
  nodeVerifier,
  publicKeyFromPem,
  signerFromPem,
} from './ed25519.ts';
export type { FrameWriter } from './frame-writer.ts';
export { createFrameWriter } from './frame-writer.ts';
export type { IssuerTokens, TokenIssuer } from './issuer-token.ts';
export { issuerTokens } from './issuer-token.ts';
export type { JsonLogOptions, LogLevel } from './json-log.ts';
export { jsonLog, LOG_LEVELS } from './json-log.ts';
export type { LinkTransportOptions } from './link-transport.ts';
export { createLinkTransport } from './link-transport.ts';
export type { NodeIdentity } from './node-identity.ts';
export { nodeIdentityOf, nodeIdentityUri } from './node-identity.ts';
export { nodeSealing } from './node-sealing.ts';
export type { OperatorTokenClaims } from './operator-token.ts';
export {
  mintOperatorToken,
  OPERATOR_TOKEN_SECONDS_MAX,
  verifyOperatorToken,
} from './operator-token.ts';
export type { P256KeyFile } from './p256.ts';
export { generateP256, p256FromPem } from './p256.ts';
export { isP256Point, p256Sign, p256Verify } from './p256-signature.ts';
export { systemClock } from './system-clock.ts';
export type { LinkLimits, TransportLimits } from './transport-limits.ts';
export { LINK_LIMITS, TRANSPORT_LIMITS } from './transport-limits.ts';
export type { TransportTarget } from './transport-target.ts';
export type { UndiciTransportOptions } from './undici-transport.ts';
export { createUndiciTransport } from './undici-transport.ts';
