import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EngineError } from '../../src/foundation/index.ts';
import type { IssuerTokens, TokenIssuer } from '../../src/platform/index.ts';
import { issuerTokens, verifyOperatorToken } from '../../src/platform/index.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import { addHealthRoutes, type Readiness } from './health.ts';
import { type HttpLimits, PUBLIC_LIMITS } from './limits.ts';
import type { ListenAddress, Listener, TlsIdentity } from './listener.ts';
import type { Caller, Router } from './router.ts';
import { listen } from './server.ts';
import { PUBLIC_SHEDDING, type Shedding } from './shedding.ts';

/** A token of ours has about 400 characters. */
const TOKEN = /^Bearer ([A-Za-z0-9._-]{1,4096})$/;

export interface PublicPortOptions {
  readonly address: ListenAddress;
  readonly tls: TlsIdentity;
  readonly router: Router;
  readonly log: Log;
  readonly clock: Clock;
  /** The operator's raw public key of the ring document in force. */
  readonly operatorKey: () => Uint8Array;
  /** The node's own domain: tokens for another one are refused. */
  readonly audience: DomainId;
  /** Whose tokens are taken besides the operator's own. */
  readonly tokenIssuer?: TokenIssuer;
  readonly readiness: () => Readiness;
  readonly limits?: Partial<HttpLimits>;
  readonly shedding?: Partial<Shedding>;
}

/**
 * Opens the port for sensors and operators. A request without a token is anonymous; one with a bad token is
 * refused rather than served as anonymous, so that an operator learns why.
 * @throws EngineError `ADDRESS_IN_USE`, `INVALID_ARGUMENT`
 */
export async function listenPublic(options: PublicPortOptions): Promise<Listener> {
  const { tokenIssuer, audience } = options;
  const issuer = tokenIssuer === undefined ? null : issuerTokens(tokenIssuer, audience);
  return listen({
    address: options.address,
    tls: options.tls,
    router: options.router,
    log: options.log,
    limits: { ...PUBLIC_LIMITS, ...options.limits },
    shedding: { ...PUBLIC_SHEDDING, ...options.shedding },
    identify: (request) => identify(request, options, issuer),
    extend: (app: FastifyInstance) => addHealthRoutes(app, options.readiness),
  });
}

const ANONYMOUS: Caller = { kind: 'anonymous' };

function identify(
  request: FastifyRequest,
  options: PublicPortOptions,
  issuer: IssuerTokens | null,
): Caller | Promise<Caller> {
  const header = request.headers.authorization;
  return header === undefined ? ANONYMOUS : operatorOf(header, options, issuer);
}

async function operatorOf(
  header: string,
  options: PublicPortOptions,
  issuer: IssuerTokens | null,
): Promise<Caller> {
  const token = TOKEN.exec(header)?.[1];
  if (token === undefined) {
    throw new EngineError('UNAUTHENTICATED', 'expected the authorization header "Bearer <token>"');
  }
  const nowMs = options.clock.now();
  const { subject, scopes } = issuer?.claims(token)
    ? await issuer.verify(token, nowMs)
    : await verifyOperatorToken(token, {
        operatorKey: options.operatorKey(),
        domain: options.audience,
        nowMs,
      });
  return { kind: 'operator', subject, scopes };
}
