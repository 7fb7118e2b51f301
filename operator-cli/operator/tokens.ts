import { mintOperatorToken } from '../../src/platform/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { Scope } from '../../src/protocol/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import { TOKEN_RENEWAL_MS, TOKEN_SECONDS } from './limits.ts';

const ALL_SCOPES: readonly Scope[] = ['compute', 'ring', 'streams', 'seal', 'status'];

export interface TokenSourceOptions {
  /** PKCS #8 PEM of the operator's Ed25519 key. */
  readonly privateKeyPem: string;
  readonly clock: Clock;
  /** Who acts, as the nodes' logs will name them. */
  readonly subject?: string;
  readonly scopes?: readonly Scope[];
}

/**
 * Makes bearer tokens on demand, one per domain and kept until shortly before its end: one for all domains
 * could be replayed by any of them at the others.
 * @throws EngineError `INVALID_ARGUMENT` from the returned function when the key is not an Ed25519 PEM.
 */
export function createTokenSource(options: TokenSourceOptions): (domain: DomainId) => Promise<string> {
  const { privateKeyPem, clock, subject = 'operator', scopes = ALL_SCOPES } = options;
  const known = new Map<DomainId, { readonly token: Promise<string>; readonly renewAtMs: number }>();
  return (domain) => {
    const nowMs = clock.now();
    const kept = known.get(domain);
    if (kept !== undefined && nowMs < kept.renewAtMs) return kept.token;
    const token = mintOperatorToken({
      privateKeyPem,
      domain,
      subject,
      scopes,
      nowMs,
      seconds: TOKEN_SECONDS,
    });
    known.set(domain, { token, renewAtMs: nowMs + TOKEN_SECONDS * 1_000 - TOKEN_RENEWAL_MS });
    return token;
  };
}
