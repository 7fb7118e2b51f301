import type { OperatorPorts } from '../../../operator-cli/operator/index.ts';
import { createElementPool, encodeElements } from '../../../src/arithmetic/index.ts';
import { EngineError, toBase64Url } from '../../../src/foundation/index.ts';
import { nodeVerifier } from '../../../src/platform/index.ts';
import type { Clock, Transport } from '../../../src/ports/index.ts';
import type { Operation, ReleasedRow, WindowSummary } from '../../../src/protocol/index.ts';
import {
  operations,
  PROBLEM_CONTENT_TYPE,
  problemOf,
  releasedRowCodec,
} from '../../../src/protocol/index.ts';
import { WINDOWS_LISTED_MAX } from '../../../src/protocol/limits.ts';
import type { StreamDocument, StreamPayload } from '../../../src/protocol/stream-document.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import type { RingDocument, WindowId } from '../../../src/ring/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import type { Reading } from '../../../src/sharing/index.ts';
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
      // What waits for an answer that comes at once is over by then.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (signal?.aborted) throw signal.reason;
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

export async function fakeClouds(
  shape: RingShape = { nodes: [2, 2, 2] },
  terms: Partial<StreamPayload> = {},
): Promise<FakeClouds> {
  const ring = await developmentRing(shape);
  const jws = await signStream({ ...streamPayload(ring), ...terms }, fixedKey('operator').signer);
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

/** What a row says besides its sums. */
export interface RowFacts {
  readonly excluded?: number;
  readonly window?: WindowId;
  readonly group?: number;
}

/** The rows that honest domains release for the readings. */
export function honestRows(
  stream: StreamDocument,
  readings: readonly Reading[],
  { excluded = 0, window = WINDOW, group = 0 }: RowFacts = {},
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
      window,
      group,
      domain: id,
      index,
      settled: new Uint8Array(32).fill(7),
      readings: readings.length,
      committed: readings.length + excluded,
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

/** Serves each domain's row of every window and group at all of its nodes. */
export function serveRows(clouds: FakeClouds, rows: readonly ReleasedRow[]): void {
  clouds.on(operations.COMPUTE, (node, { window, group }) => {
    const own = rows.filter((row) => row.window === window && row.group === group);
    const row = own.find(({ domain }) => node.startsWith(domain));
    if (row === undefined) throw new EngineError('UNREACHABLE', `no answer from node ${node}: TEST`);
    return rowAnswer(row);
  });
}

/** Rows by which every domain withholds a window. */
export function withheldRows(stream: StreamDocument, reason: string, facts: RowFacts = {}): ReleasedRow[] {
  return honestRows(stream, [], facts).map((row) => ({
    ...row,
    verdict: 'WITHHELD',
    reason,
    elements: new Uint8Array(0),
  }));
}

/** Lists the windows at every node, newest first, a page at a time. */
export function serveWindows(clouds: FakeClouds, windows: readonly WindowSummary[]): void {
  const { jws } = clouds.stream;
  const listed = windows.toSorted((a, b) => b.window - a.window || a.group - b.group);
  clouds.on(operations.READ_STREAM, (_, { after }) => {
    const [window = Number.POSITIVE_INFINITY, group = 0] = after?.split('.').map(Number) ?? [];
    const behind = listed.filter(
      (one) => one.window < window || (one.window === window && one.group > group),
    );
    return { document: jws, windows: behind.slice(0, WINDOWS_LISTED_MAX) };
  });
}

/** A window as a node lists it. */
export function listedWindow(
  window: WindowId,
  state: WindowSummary['state'] = 'RELEASED',
  group = 0,
): WindowSummary {
  return { window, group, notBefore: window, latest: window + 60_000, state };
}
