import type { OperatorPorts } from '../../../operator-cli/operator/index.ts';
import { createElementPool, encodeElements } from '../../../src/arithmetic/index.ts';
import { EngineError, toBase64Url } from '../../../src/foundation/index.ts';
import { nodeVerifier } from '../../../src/platform/index.ts';
import type { Clock, Transport } from '../../../src/ports/index.ts';
import type { Operation, ReleasedRow } from '../../../src/protocol/index.ts';
import {
  operations,
  PROBLEM_CONTENT_TYPE,
  problemOf,
  releasedRowCodec,
} from '../../../src/protocol/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import type { RingDocument, WindowId } from '../../../src/ring/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import { combine, encodeReading, split } from '../../../src/sharing/index.ts';
import { developmentRing, fixedKey, type RingShape } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

export const WINDOW: WindowId = windowId(1_767_225_600_000);

/** Time that passes only while somebody sleeps. */
export function sleepingClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = WINDOW;
  return {
    slept,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      now = windowId(now + ms);
    },
  };
}

/** Nodes that answer what the test says, through the real codecs. */
export interface FakeClouds {
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly ports: OperatorPorts;
  readonly clock: ReturnType<typeof sleepingClock>;
  /** Node ids and paths in the order they were asked, with the token they got. */
  readonly asked: { readonly node: string; readonly path: string; readonly token: string | undefined }[];
  on<Q, R>(operation: Operation<Q, R>, answer: (node: string, request: Q) => R | Promise<R>): void;
}

export async function fakeClouds(shape: RingShape = { nodes: [2, 2, 2] }): Promise<FakeClouds> {
  const ring = await developmentRing(shape);
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, nodeVerifier, ring);
  const clock = sleepingClock();
  const asked: { node: string; path: string; token: string | undefined }[] = [];
  const served = new Map<string, (node: string, body: Uint8Array) => Promise<Uint8Array>>();
  const contentTypes = new Map<string, string>();
  const transport: Transport = {
    async send(node, request, options) {
      options.signal?.throwIfAborted();
      const [path = ''] = request.path.split('?');
      asked.push({ node, path, token: request.token });
      const name = `${request.method} ${path}`;
      const serve = served.get(name);
      if (serve === undefined) throw new EngineError('UNREACHABLE', `no answer from node ${node}: TEST`);
      const query = new URLSearchParams(request.path.slice(path.length + 1));
      const body =
        request.method === 'GET' && query.size > 0
          ? new TextEncoder().encode(JSON.stringify(Object.fromEntries(query)))
          : request.body;
      try {
        return { status: 200, body: await serve(node, body), contentType: contentTypes.get(name) ?? '' };
      } catch (error) {
        if (error instanceof EngineError && error.code === 'UNREACHABLE') throw error;
        return { ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE };
      }
    },
    close: async () => undefined,
  };
  return {
    ring,
    stream,
    clock,
    asked,
    ports: {
      ring,
      transport,
      clock,
      randomBytes: (length) => new Uint8Array(length).fill(127),
      verifier: nodeVerifier,
      tokenFor: async (domain) => `token for ${domain}`,
    },
    on(operation, answer) {
      const name = `${operation.method} ${operation.path}`;
      contentTypes.set(name, operation.response.contentType);
      served.set(name, async (node, body) =>
        operation.response.encode(await answer(node, operation.request.decode(body))),
      );
    },
  };
}

/** The rows that honest domains release for the readings. */
export function honestRows(
  stream: StreamDocument,
  readings: readonly string[],
  excluded = 0,
): readonly ReleasedRow[] {
  let drawn = 0;
  const pool = createElementPool((length) => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = (drawn++ * 97) % 223;
    return bytes;
  });
  const shared = readings.map((reading) =>
    split(encodeReading(stream, reading), stream.domains.length, pool),
  );
  return stream.domains.map(({ id }, index) => {
    const own = shared.flatMap((shares) => shares[index] ?? []);
    return {
      stream: stream.hash,
      window: WINDOW,
      group: 0,
      domain: id,
      index,
      settled: new Uint8Array(32).fill(7),
      readings: readings.length,
      flags: readings.length,
      excluded,
      verdict: 'RELEASED' as const,
      reason: '',
      elements: own.length === 0 ? new Uint8Array(16 * stream.elements.length) : encodeElements(combine(own)),
    };
  });
}

/** What COMPUTE answers for a row. */
export function rowAnswer(row: ReleasedRow): { readonly status: 'ROW'; readonly row: string } {
  return { status: 'ROW', row: toBase64Url(releasedRowCodec.encode(row)) };
}

/** Serves each domain's row at all of its nodes. */
export function serveRows(clouds: FakeClouds, rows: readonly ReleasedRow[]): void {
  clouds.on(operations.COMPUTE, (node) => {
    const row = rows.find(({ domain }) => node.startsWith(domain));
    if (row === undefined) throw new EngineError('UNREACHABLE', `no answer from node ${node}: TEST`);
    return rowAnswer(row);
  });
}
