export { cryptoRandomBytes } from './crypto-random.ts';
export type { Ed25519KeyPair } from './ed25519.ts';
export {
  ed25519PrivateKey,
  generateEd25519,
  nodeVerifier,
  publicKeyFromPem,
  signerFromPem,
} from './ed25519.ts';
export { createFrameWriter } from './frame-writer.ts';
export { hostIn } from './host-in.ts';
export type { IssuerTokens, TokenIssuer } from './issuer-token.ts';
export { issuerTokens } from './issuer-token.ts';
export type { LogLevel } from './json-log.ts';
export { jsonLog, LOG_LEVELS } from './json-log.ts';
export type { LinkTransportOptions } from './link-transport.ts';
export { createLinkTransport } from './link-transport.ts';
export { nodeIdentityOf, nodeIdentityUri } from './node-identity.ts';
export { nodeSealing } from './node-sealing.ts';
export { mintOperatorToken, verifyOperatorToken } from './operator-token.ts';
export { generateP256, p256FromPem } from './p256.ts';
export { isP256Point, p256Sign, p256Verify } from './p256-signature.ts';
export { packageVersion } from './package-version.ts';
export { systemClock } from './system-clock.ts';
export type { LinkLimits } from './transport-limits.ts';
export type { TransportTarget } from './transport-target.ts';
// createUndiciTransport is not among them: nodes talk over links, and would load the HTTP client for nothing.
