import { createServer, type Server } from 'node:http';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listener, listenPublic } from '../../../node/http/index.ts';
import { generateEd25519, issuerTokens } from '../../../src/platform/index.ts';
import { createUndiciTransport } from '../../../src/platform/undici-transport.ts';
import type { Transport } from '../../../src/ports/index.ts';
import { errorFromProblem } from '../../../src/protocol/index.ts';
import { domainId } from '../../../src/ring/index.ts';
import { createAuthority, type TestAuthority } from '../../support/certificates.ts';
import { fakeRouter } from '../../support/fake-router.ts';
import { recordingLog } from '../../support/recording-log.ts';

const BYTES = 'application/octet-stream';
const SCOPE = `compute seal:${'5a'.repeat(32)}`;
const CLIENT = { id: 'statistics-office', secret: 'a secret of this test' };

let issuer: string;
let web: Server;
let keys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };
let authority: TestAuthority;
let listener: Listener;
let transport: Transport;
const router = fakeRouter();

beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  web = createServer();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = web.address();
  if (typeof address !== 'object' || address === null) throw new Error('expected a port');
  issuer = `http://127.0.0.1:${address.port}`;
  const provider = await openIdProvider();
  web.on('request', provider.callback());

  authority = await createAuthority('alpha');
  const { publicKey } = await generateEd25519();
  listener = await listenPublic({
    address: { port: 0 },
    tls: await authority.issue(),
    router,
    log: recordingLog(),
    clock: { now: () => Date.now(), sleep: () => Promise.reject(new Error('nothing sleeps here')) },
    operatorKey: () => publicKey,
    audience: domainId('alpha'),
    tokenIssuer: { issuer, jwks: `${issuer}/jwks` },
    readiness: () => ({ ready: true, reasons: [] }),
  });
  transport = createUndiciTransport({
    targets: () => ({ origin: listener.origin, trust: authority.pem, pool: 'alpha' }),
  });
});
afterAll(async () => {
  await transport?.close();
  await listener?.close();
  web?.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
});

/** A real issuer: one client, and an access token in JWT form for each domain it is asked for. */
async function openIdProvider(): Promise<Provider> {
  const { privateKey } = keys;
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'first', alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['of this test'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: SCOPE,
          audience: resource.replace('urn:m-cloud:', ''),
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
}

/** Asks the issuer for a token, as an operator's program does. */
async function tokenFor(domain: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: SCOPE,
      resource: `urn:m-cloud:${domain}`,
    }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`expected a token, got ${JSON.stringify(body)}`);
  return body.access_token;
}

/** What the port makes of a token: the caller it sees, or the code of its refusal. */
async function seenWith(token: string): Promise<unknown> {
  router.seen.length = 0;
  const request = {
    method: 'POST' as const,
    path: '/v1/bytes',
    body: Uint8Array.of(1),
    contentType: BYTES,
    token,
  };
  const { status, body, contentType } = await transport.send('a1', request, { timeoutMs: 10_000 });
  return status === 200 ? router.seen[0]?.caller : errorFromProblem(status, body, contentType).code;
}

/** A token like the issuer's own, but for what the test changes. */
function token(change: {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer, aud: 'alpha', sub: CLIENT.id, iat: now, exp: now + 300, scope: SCOPE };
  return new SignJWT({ ...claims, ...change.claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'first', ...change.header })
    .sign(change.key ?? keys.privateKey);
}

describe('a token of the configured issuer', () => {
  it('is taken at the domain it is for, with the scopes it carries', async () => {
    expect(await seenWith(await tokenFor('alpha'))).toEqual({
      kind: 'operator',
      subject: CLIENT.id,
      scopes: SCOPE.split(' '),
    });
  });

  it('is refused at another domain', async () => {
    expect(await seenWith(await tokenFor('beta'))).toBe('UNAUTHENTICATED');
  });

  it('is taken when made as the issuer makes it, so that the refusals below have one cause each', async () => {
    expect(await seenWith(await token({}))).toMatchObject({ kind: 'operator' });
  });

  const now = Math.floor(Date.now() / 1_000);
  it.each([
    ['that has expired', { claims: { iat: now - 400, exp: now - 100 } }],
    ['that is not valid yet', { claims: { nbf: now + 600 } }],
    ['that lives for a day', { claims: { exp: now + 86_400 } }],
    ['that never ends', { claims: { exp: undefined } }],
    ['without a scope', { claims: { scope: undefined } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['that is an ID token', { header: { typ: 'JWT' } }],
    ['of a key that the issuer does not list', { header: { kid: 'second' } }],
  ])('is refused %s', async (_, change) => {
    expect(await seenWith(await token(change))).toBe('UNAUTHENTICATED');
  });

  it('is refused under a key that is not the issuer\u2019s', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    expect(await seenWith(await token({ key: privateKey }))).toBe('UNAUTHENTICATED');
  });

  it('is refused without a signature', async () => {
    const [, payload = ''] = (await token({})).split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    expect(await seenWith(`${none}.${payload}.`)).toBe('UNAUTHENTICATED');
  });

  it('is refused when the public key was used as a shared secret', async () => {
    const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
    expect(await seenWith(await token({ header: { alg: 'HS256' }, key: secret }))).toBe('UNAUTHENTICATED');
  });

  it('is refused of another issuer, also one with the same key', async () => {
    expect(await seenWith(await token({ claims: { iss: 'https://elsewhere.example' } }))).toBe(
      'UNAUTHENTICATED',
    );
  });
});

describe('the keys of an issuer', () => {
  it.each(['http://issuer.example/jwks', 'file:///etc/keys', 'keys'])('do not come from %s', (jwks) => {
    expect(() => issuerTokens({ issuer: 'https://issuer.example', jwks }, 'alpha')).toThrow(/https address/);
  });
});
