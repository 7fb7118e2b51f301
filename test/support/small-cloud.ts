import type { PackedTable } from '../../node/engine/window-rows.ts';
import type { NodeHandle, NodeSettings } from '../../node/node.ts';
import { openNode } from '../../node/node.ts';
import { COMPANY_MS } from '../../node/services/joined-requests.ts';
import type { Operator } from '../../operator-cli/operator/index.ts';
import { createOperator } from '../../operator-cli/operator/index.ts';
import { EngineError, hasCode, toHex, untilAborted } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../src/platform/index.ts';
import type {
  KeyName,
  Transport,
  TransportRequest,
  TransportResponse,
  WindowKeys,
} from '../../src/ports/index.ts';
import type { FlagEntry, MessageContext, Operation, WindowScope } from '../../src/protocol/index.ts';
import {
  createReceipts,
  operations,
  PROBLEM_CONTENT_TYPE,
  packetName,
  problemOf,
  readingId,
  windowTermsCodec,
} from '../../src/protocol/index.ts';
import type { StreamDocument, StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { DomainId, NodeId, RingDocument, WindowId } from '../../src/ring/index.ts';
import { windowId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { developmentRing, fixedKey, type RingShape, testVerifier } from './development-ring.ts';
import { streamPayload } from './development-stream.ts';
import { freshSensor } from './fixed-sensor.ts';
import { createManualClock, type ManualClock, withShortWaits } from './manual-clock.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { type RowOnDisk, rowsOnDisk } from './packed-disk.ts';
import { type RawReading, rawReading } from './raw-reading.ts';
import { recordingLog } from './recording-log.ts';
import { fixedSealingKey } from './simulated-keys.ts';

const OPEN_TO_ALL = { allowOpenEnrolment: true };
const TIMEOUT = { timeoutMs: 60_000 };
const ALL_SCOPES = ['compute', 'ring', 'streams', 'seal', 'status'];
const DAY_MS = 86_400_000;
/** Start of the first window, Unix milliseconds. */
export const START_MS = 1_700_000_000_000;

/**
 * Nodes in one process over memory disks, a clock that stands still and a network that only calls functions: one whose requests are
 * never late, because a clock that is moved until something is answered would run out of their time while it is computed.
 */
export interface SmallCloud {
  readonly clock: ManualClock;
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly operator: Operator;
  readonly nodeIds: readonly NodeId[];
  /** Lines that all nodes logged. */
  readonly logLines: readonly string[];
  handle(node: NodeId): NodeHandle;
  store(node: NodeId): MemoryStore;
  /** The keys of a node's rows, for a test that writes like the node itself. */
  keys(node: NodeId): WindowKeys;
  /** The newest version of every row on a node's disk that opens. */
  rowsAt(node: NodeId, table: PackedTable): readonly RowOnDisk[];
  start(node: NodeId, ring?: string): Promise<NodeHandle>;
  /** Starts a node with an empty disk, one that is new or has lost its own; it may wait for others to serve. */
  begin(domain: DomainId, node: NodeId, ring: string): Promise<NodeHandle>;
  /** In order: everything staged is on disk. */
  stop(node: NodeId): Promise<void>;
  /** Stops and starts every node on its disk. */
  restart(): Promise<void>;
  /** Connections to the nodes' public ports, as a sensor has them. */
  readonly transport: Transport;
  /** Asks as a sensor does. */
  ask<Q, R>(node: NodeId, operation: Operation<Q, R>, request: Q): Promise<R>;
  /** Asks as the operator does, with every scope. */
  order<Q, R>(node: NodeId, operation: Operation<Q, R>, request: Q): Promise<R>;
  /** Asks as a node of the ring does. */
  askAs<Q, R>(from: NodeId, node: NodeId, operation: Operation<Q, R>, request: Q): Promise<R>;
  /** A reading with its messages, of the stream's group `label`; those of one `group` lie in one partition. */
  reading(
    window: WindowId,
    reading: string,
    options?: { entry?: FlagEntry; group?: number; label?: number },
  ): RawReading;
  openWindow(terms?: { window?: WindowId; notBefore?: number; latest?: number }): Promise<WindowId>;
  compute(window: WindowId): ReturnType<Operator['compute']>;
  /** Throws where a node stopped by itself for another reason than its disk. */
  close(): Promise<void>;
}

export interface SmallCloudOptions {
  readonly shape?: RingShape;
  readonly stream?: Partial<StreamPayload>;
  /** Whom every domain believes about sensors; anybody may upload where it is left out. */
  readonly enrolment?: Pick<NodeSettings, 'enrolmentAuthorities' | 'allowOpenEnrolment'>;
  /** Per domain the least number of sensors that its own settings ask for. */
  readonly floors?: Readonly<Record<string, number>>;
  /** With what the nodes of a domain open packets, where that is not its section's key alone. */
  readonly sealing?: (domain: DomainId) => Pick<NodeSettings, 'sealingKey' | 'formerSealingKeys'>;
  /** Is told every message with its answer; `from` is no node where a sensor or the operator asks. */
  readonly overhear?: (message: Overheard) => void;
  /** What a node that lies answers in place of this, if anything. */
  readonly lie?: (message: Overheard) => Uint8Array | undefined;
}

export interface Overheard {
  readonly from: string | undefined;
  readonly to: string;
  readonly path: string;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

export async function startSmallCloud(options: SmallCloudOptions = {}): Promise<SmallCloud> {
  const ring = await developmentRing(options.shape ?? { nodes: [1, 1, 1] });
  const clock = createManualClock(START_MS);
  const log = recordingLog();
  const members = ring.domains.flatMap(({ domain, nodes }) => nodes.map(({ id }) => ({ domain, id })));
  const emptyDisk = () => ({ store: createMemoryStore(), keys: memoryKeys() });
  const disks = new Map(members.map(({ id }) => [id, emptyDisk()]));
  const running = new Map<NodeId, NodeHandle>();
  const mistakes: Error[] = [];
  const memberOf = (node: NodeId) => members.find(({ id }) => id === node) ?? unknown(node);
  const diskOf = (node: NodeId) => disks.get(node) ?? unknown(node);

  /** What a connection of `from` carries; without a name it is a sensor's, or with a token the operator's. */
  function transport(from?: NodeId): Transport {
    return {
      async send(to, request, { signal }) {
        signal?.throwIfAborted();
        const answer = exchange(to, request);
        return signal === undefined ? answer : untilAborted(answer, signal);
      },
      close: async () => {},
    };

    async function exchange(to: string, request: TransportRequest): Promise<TransportResponse> {
      const handle = [...running].find(([id]) => id === to)?.[1];
      if (handle === undefined) throw new EngineError('UNREACHABLE', `node ${to} is not running`);
      const anonymous = { kind: 'anonymous' } as const;
      const operator = { kind: 'operator', scopes: ALL_SCOPES, subject: 'test' } as const;
      const caller =
        from === undefined
          ? request.token === undefined
            ? anonymous
            : operator
          : ({ kind: 'peer', domain: memberOf(from).domain, node: from } as const);
      const router = from === undefined ? handle.publicRouter : handle.peerRouter;
      const answer = await handled(router, caller, request);
      const { path, body } = request;
      const message = { from, to, path, request: body, response: answer.body };
      options.overhear?.(message);
      const lie = from === to ? undefined : options.lie?.(message);
      return lie === undefined ? answer : { ...answer, body: lie };
    }
  }

  const sensors = transport();
  const operator = createOperator({
    ring,
    transport: sensors,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    tokenFor: async () => 'token',
  });

  async function start(node: NodeId, jws = ring.jws): Promise<NodeHandle> {
    const { store, keys } = diskOf(node);
    const { domain } = memberOf(node);
    const floor = options.floors?.[domain];
    const handle = await openNode(
      {
        // A node that was just asked by many waits a moment for more of them, which no test of one request knows.
        clock: withShortWaits(clock, COMPANY_MS),
        randomBytes: cryptoRandomBytes,
        store,
        keys,
        connect: () => transport(node),
        log,
        verifier: testVerifier,
        sealing: nodeSealing,
      },
      {
        nodeId: node,
        domain,
        ring: jws,
        sealingKey: fixedSealingKey(domain),
        ...options.sealing?.(domain),
        ...OPEN_TO_ALL,
        ...options.enrolment,
        ...(floor === undefined ? {} : { minSensorsFloor: floor }),
      },
    );
    running.set(node, handle);
    void handle.stopped.then((reason) => {
      if (!hasCode(reason, 'STORE_FAILED')) mistakes.push(reason);
    });
    return handle;
  }

  async function stop(node: NodeId): Promise<void> {
    const handle = running.get(node);
    running.delete(node);
    await handle?.close();
  }

  /** Waits until nodes that started together have told each other what they remember. */
  async function startAll(): Promise<void> {
    const started = await Promise.all(members.map(({ id }) => start(id)));
    await clock.until(Promise.all(started.map(({ serving }) => serving)));
  }

  await startAll();
  const payload = { ...streamPayload(ring), ...options.stream };
  const { stream } = await operator.putStream(await signStream(payload, fixedKey('operator').signer));
  let windows = 0;

  /** What a node that makes common cause with a sensor can do: it knows K. */
  async function forge(
    context: MessageContext,
    entries: readonly FlagEntry[],
    index: number,
  ): Promise<Uint8Array> {
    const [{ sensorId } = entryIn(undefined)] = entries;
    const name = packetName(context, { sensorId, publicKey: null, readings: entries });
    const question = {
      decision: 'terms',
      kind: 'read',
      ballot: { counter: 0, proposer: 0 },
      value: null,
    } as const;
    for (const { id } of members.filter(({ id }) => running.has(id))) {
      const asked = callOperation(transport(id), id, operations.SYNOD, { context, ...question }, TIMEOUT);
      const { accepted } = await asked.catch(() => ({ accepted: null }));
      if (accepted !== null) {
        return createReceipts(windowTermsCodec.decode(accepted.value).setHashKey).of(name, index);
      }
    }
    throw new Error('expected a node that knows the terms of the window');
  }

  return {
    clock,
    ring,
    stream,
    operator,
    nodeIds: members.map(({ id }) => id),
    logLines: log.lines,
    handle: (node) => running.get(node) ?? unknown(node),
    store: (node) => diskOf(node).store,
    keys: (node) => diskOf(node).keys,
    rowsAt(node, table) {
      const { store, keys } = diskOf(node);
      return rowsOnDisk(table, store.rows(table), keys.peek);
    },
    async start(node, jws) {
      const handle = await start(node, jws);
      await clock.until(handle.serving);
      return handle;
    },
    async begin(domain, node, jws) {
      if (!members.some(({ id }) => id === node)) members.push({ domain, id: node });
      disks.set(node, emptyDisk());
      return start(node, jws);
    },
    stop,
    async restart() {
      for (const { id } of members) await stop(id);
      await startAll();
    },
    transport: sensors,
    ask: (node, operation, request) => callOperation(sensors, node, operation, request, TIMEOUT),
    order: (node, operation, request) => callOperation(sensors, node, operation, request, TIMEOUT, 'token'),
    askAs: (from, node, operation, request) =>
      callOperation(transport(from), node, operation, request, TIMEOUT),
    reading: (window, reading, { entry, group, label = 0 } = {}) =>
      rawReading({
        ring,
        stream,
        transport: sensors,
        window,
        reading,
        label,
        entry: entry ?? entryIn(group),
        forge,
      }),
    async openWindow(terms = {}) {
      const window = terms.window ?? windowId(START_MS - 1_000 + windows++);
      const { notBefore = window, latest = window + DAY_MS } = terms;
      await clock.until(operator.openWindow(stream, { window, notBefore, latest }));
      return window;
    },
    compute: (window) => clock.until(operator.compute(stream, window, { waitMs: 10_000 })),
    async close() {
      await Promise.all(members.map(({ id }) => stop(id)));
      const [mistake] = mistakes;
      if (mistake !== undefined) throw mistake;
    },
  };
}

function entryIn(group: number | undefined): FlagEntry {
  const id = cryptoRandomBytes(16);
  if (group !== undefined) id.set([group >> 2, ((group & 3) << 6) | ((id[1] ?? 0) & 0x3f)]);
  return { readingId: readingId(id), sensorId: freshSensor().sensorId, count: 1 };
}

/** What a port does around a router: errors become problem documents. */
async function handled(
  router: NodeHandle['publicRouter'],
  caller: Parameters<NodeHandle['publicRouter']['handle']>[0],
  { method, path, body, contentType }: TransportRequest,
): Promise<TransportResponse> {
  const [place = '', query = ''] = path.split('?', 2);
  const request = {
    method,
    path: place,
    query: Object.fromEntries(new URLSearchParams(query)),
    body,
    contentType,
  };
  try {
    return await router.handle(caller, request, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE };
  }
}

/** Keys that can be looked at without waiting. */
interface MemoryKeys extends WindowKeys {
  peek(scope: WindowScope): Uint8Array | undefined;
}

function memoryKeys(): MemoryKeys {
  const keys = new Map<string, Uint8Array>();
  const names = new Map<string, KeyName>();
  const nameOf = (stream: string, window: number, group: number) => `${stream}-${window}-${group}`;
  return {
    async create(stream, window, group) {
      const key = keys.get(nameOf(stream, window, group)) ?? cryptoRandomBytes(32);
      keys.set(nameOf(stream, window, group), key);
      names.set(nameOf(stream, window, group), { stream, window, group });
      return key;
    },
    peek: ({ stream, window, group }) => keys.get(nameOf(stream, window, group)),
    find: async (stream, window, group) => keys.get(nameOf(stream, window, group)),
    list: async () => [...names.values()],
    async destroy(stream, window, group) {
      names.delete(nameOf(stream, window, group));
      keys.delete(nameOf(stream, window, group));
    },
  };
}

function unknown(node: NodeId): never {
  throw new Error(`expected a node that runs, got ${node}`);
}

/** Rows of a store as text, to compare disks before and after. */
export function diskText(store: MemoryStore): string {
  const tables = ['documents', 'flags', 'meta', 'values', 'windows'] as const;
  return tables
    .flatMap((table) => store.rows(table).map(([key, value]) => `${table} ${toHex(key)} ${toHex(value)}`))
    .join('\n');
}
