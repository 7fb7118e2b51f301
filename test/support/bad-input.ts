import { expect, it } from 'vitest';
import { EngineError, ERROR_TABLE, type ErrorCode } from '../../src/foundation/index.ts';
import { mintOperatorToken } from '../../src/platform/index.ts';
import type { FlagEntry, Operation } from '../../src/protocol/index.ts';
import { BINARY_CONTENT, errorFromProblem, PROBLEM_CONTENT_TYPE } from '../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import type { ClusterClient } from './cluster-client.ts';
import { type RawReading, rawReading } from './raw-reading.ts';

export const TIMEOUT = { timeoutMs: 10_000 };

/** A window that already holds one committed reading. */
export interface Scene {
  readonly window: WindowId;
  raw(reading: string, options?: { window?: WindowId; entry?: FlagEntry }): RawReading;
}

/** A request as bytes, whatever they are. */
export interface BareRequest {
  readonly path: string;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly token?: string;
  readonly method?: 'GET';
}

export interface BadInput {
  /**
   * A test that does something bad between two good readings. Afterwards the result is exactly these two and
   * the readings that the test says it committed.
   */
  refused(title: string, act: (scene: Scene) => Promise<readonly string[] | undefined>): void;
  /** Sends bytes as they are, and expects a problem document with the status of its code. */
  expectProblem(to: NodeId, request: BareRequest, code: ErrorCode): Promise<EngineError>;
  call<Q, R>(to: NodeId, operation: Operation<Q, R>, request: Q, token?: string): Promise<R>;
  /** The first node of a domain, by the domain's number. */
  nodeOf(domain: number): NodeId;
  tokenOf(domain: number, ...scopes: readonly string[]): Promise<string>;
}

export async function expectCode(answer: Promise<unknown>, code: ErrorCode): Promise<EngineError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof EngineError)) throw new Error(`expected ${code}, got ${String(error)}`);
  expect(error.code, error.message).toBe(code);
  return error;
}

/** @param client what the tests talk to, once their cluster runs. */
export function badInput(client: () => ClusterClient): BadInput {
  return {
    refused(title, act) {
      it(`${title}, and the next good reading counts exactly`, async () => {
        const { stream, transport, material, openWindow, sensor, expectResult } = client();
        const window = await openWindow();
        const { ring } = material;
        const raw: Scene['raw'] = (reading, options = {}) =>
          rawReading({ ring, stream, transport, window, reading, ...options });
        await raw('12.5').commit();
        const more = (await act({ window, raw })) ?? [];
        await (await sensor()).upload('-3.1', { window });
        const { committed } = await expectResult(window, ['12.5', ...more, '-3.1']);
        expect(committed).toBe(2 + more.length);
      });
    },
    async expectProblem(to, request, code) {
      const response = await client().transport.send(
        to,
        { method: 'POST', contentType: BINARY_CONTENT, body: new Uint8Array(0), ...request },
        TIMEOUT,
      );
      const error = errorFromProblem(response.status, response.body, response.contentType);
      expect(error.code, error.message).toBe(code);
      expect(response.contentType).toContain(PROBLEM_CONTENT_TYPE);
      expect(response.status).toBe(ERROR_TABLE[code].status);
      return error;
    },
    call: (to, operation, request, token) =>
      callOperation(client().transport, to, operation, request, TIMEOUT, token),
    nodeOf(domain) {
      const node = client().material.domains[domain]?.nodes[0];
      if (node === undefined) throw new Error('expected a node in every domain');
      return node.id;
    },
    tokenOf: (domain, ...scopes) =>
      mintOperatorToken({
        privateKeyPem: client().material.operator.privateKeyPem,
        domain: client().material.domains[domain]?.domain ?? '',
        subject: 'test',
        scopes,
        nowMs: Date.now(),
      }),
  };
}
