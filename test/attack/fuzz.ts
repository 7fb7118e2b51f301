import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Caller, RouterRequest } from '../../node/http/router.ts';
import { EngineError, toBase64Url, toHex } from '../../src/foundation/index.ts';
import { problemOf, windowTermsCodec } from '../../src/protocol/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { domainId } from '../../src/ring/index.ts';
import { fixedSealingKey } from '../support/simulated-keys.ts';
import { type SmallCloud, startSmallCloud } from '../support/small-cloud.ts';
import { bodiesOf } from './bodies.ts';
import { operationsFor } from './scene.ts';

const BODIES = 10_000;
/** A share, a key or a receipt is told by this much of it. */
const TRACE_BYTES = 12;

let cloud: SmallCloud;
let bodies: Awaited<ReturnType<typeof bodiesOf>>;
/** Pieces of what no line of a log and no refusal may say. */
const secrets = new Set<string>();
const said = new Set<string>();

const CALLERS: Readonly<Record<string, Caller>> = {
  public: { kind: 'anonymous' },
  operator: {
    kind: 'operator',
    scopes: ['compute', 'ring', 'streams', 'seal', 'status'],
    subject: 'fuzz',
  },
  peer: { kind: 'peer', domain: domainId('b'), node: 'b1' as NodeId },
  domain: { kind: 'peer', domain: domainId('a'), node: 'a2' as NodeId },
};

function keepSecret(bytes: Uint8Array): void {
  for (let at = 0; at + TRACE_BYTES <= bytes.length; at += 16) {
    const piece = bytes.slice(at, at + TRACE_BYTES);
    secrets.add(toHex(piece)).add(toBase64Url(piece)).add(piece.join(','));
  }
}

async function open(): Promise<void> {
  cloud = await startSmallCloud({ shape: { nodes: [2, 1, 1], acceptors: 3 } });
  bodies = await bodiesOf(cloud);
  for (const share of bodies.shares) keepSecret(share);
  for (const { domain } of cloud.ring.domains) keepSecret(fixedSealingKey(domain).privateKey);
  const terms = windowTermsCodec.decode(bodies.terms);
  keepSecret(terms.setHashKey);
  for (const node of cloud.nodeIds) {
    const key = await cloud.keys(node).find(cloud.stream.hash, bodies.window, 0);
    if (key !== undefined) keepSecret(key);
  }
}

type Change = readonly [kind: 'flip' | 'set' | 'cut' | 'insert' | 'repeat', place: number, value: number];

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What becomes of the bytes of a good message. */
function changed(good: Uint8Array, changes: readonly Change[]): Uint8Array {
  let bytes = [...good];
  for (const [kind, place, value] of changes) {
    const at = bytes.length === 0 ? 0 : place % bytes.length;
    if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7));
    else if (kind === 'set') bytes[at] = value;
    else if (kind === 'cut') bytes.splice(at, 1 + (value & 15));
    else if (kind === 'insert') bytes.splice(at, 0, value);
    else bytes = [...bytes.slice(0, at), ...bytes.slice(at, at + value), ...bytes.slice(at)];
  }
  return Uint8Array.from(bytes);
}

const anyChange: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('flip', 'set', 'cut', 'insert', 'repeat'),
  fc.nat(65_535),
  fc.nat(255),
);

/**
 * Spoilt bodies to every route of an audience. Some orders of the operator end a window, so every audience gets a cloud of its own.
 * @param attack declares what is carried out against one route.
 */
export function fuzz(
  audience: 'public' | 'operator' | 'peer' | 'domain',
  attack: (what: string, carryOut: () => Promise<void>) => void,
): void {
  describe(audience, () => {
    beforeAll(open);
    afterAll(() => cloud.close());

    for (const { method, path } of operationsFor(audience)) {
      attack(`${BODIES.toLocaleString('en')} bodies to ${method} ${path}`, async () => {
        const good = bodies.goodOf(method, path);
        const anyBody = fc.oneof(
          {
            weight: 4,
            arbitrary: fc.tuple(
              fc.constantFrom(...good),
              fc.array(anyChange, { minLength: 1, maxLength: 4 }),
            ),
          },
          { weight: 1, arbitrary: fc.tuple(fc.uint8Array({ maxLength: 120 }), fc.constant([])) },
        );
        const handle = cloud.handle('a1' as NodeId);
        const router =
          audience === 'public' || audience === 'operator' ? handle.publicRouter : handle.peerRouter;
        const caller = CALLERS[audience] ?? { kind: 'anonymous' };
        let sent = 0;
        const send = async ([base, changes]: readonly [Uint8Array, readonly Change[]]) => {
          sent += 1;
          const bytes = changed(base, changes);
          const request: RouterRequest = {
            method,
            path,
            query: method === 'GET' ? Object.fromEntries(new URLSearchParams(latin1(bytes))) : {},
            body: method === 'GET' ? new Uint8Array(0) : bytes,
            contentType: 'application/octet-stream',
          };
          const stop = new AbortController();
          try {
            const answer = await cloud.clock.until(router.handle(caller, request, stop.signal));
            expect(answer.status).toBe(200);
          } catch (error) {
            // Everything but an EngineError becomes a 500 at the port.
            if (!(error instanceof EngineError)) throw error;
            const { status, body } = problemOf(error);
            expect(status, error.message).toBeLessThan(500);
            said.add(latin1(body));
          }
        };
        await fc.assert(fc.asyncProperty(anyBody, send), { numRuns: BODIES });
        expect(sent).toBeGreaterThanOrEqual(BODIES);
        const output = [...said, ...cloud.logLines].join('\n');
        expect([...secrets].filter((secret) => output.includes(secret))).toEqual([]);
        said.clear();
      });
    }
  });
}
