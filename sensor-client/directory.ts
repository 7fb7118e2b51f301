import { EngineError } from '../src/foundation/index.ts';
import type { Clock, RandomBytes, Transport } from '../src/ports/index.ts';
import type { Operation, StreamAnswer, WindowSummary } from '../src/protocol/index.ts';
import { operations } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { openStreamByHistory } from '../src/protocol/stream-document.ts';
import { openRetirement } from '../src/protocol/stream-retirement.ts';
import { fixedWindowAt } from '../src/protocol/window-rules.ts';
import type {
  DomainId,
  DomainSection,
  NodeId,
  RingDocument,
  StreamHash,
  Verifier,
  WindowId,
} from '../src/ring/index.ts';
import { windowId } from '../src/ring/index.ts';
import { callOperation } from '../src/rounds/call-operation.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import type { Request } from './jobs.ts';
import { DOCUMENT_MS_MAX } from './limits.ts';
import type { RingMemory } from './memory.ts';
import type { SensorPolicy } from './policy.ts';
import { checkRingPolicy, checkStreamPolicy } from './policy.ts';
import type { NodeTarget } from './ports.ts';
import type { RingView } from './ring-book.ts';
import { createRingBook } from './ring-book.ts';

/** The stream as the sensor accepted it. */
export interface StreamView {
  readonly document: StreamDocument;
  readonly domains: readonly DomainId[];
}

/**
 * What a sensor knows about its ring and stream, and how it learns more. Readings that need the same answer
 * share one request; it ends with the sensor, not with whichever reading asked first.
 */
export interface Directory {
  /** The ring as a window's readings see it; {@link reach} it first. */
  view(window: WindowId): RingView;
  newest(): RingDocument;
  /** Where a node is reached. @throws EngineError `WRONG_NODE` */
  target(nodeId: string): NodeTarget;
  /** The newest section of a node's domain. @throws EngineError `WRONG_NODE` */
  domainOf(node: NodeId): DomainSection;
  /**
   * Follows the ring documents of a node that said that ours is not the newest.
   * @throws EngineError `RING_CONFLICT`, `RING_REFUSED` and whatever the request fails with
   */
  refresh(node: NodeId): Promise<void>;
  /** Fetches the document that places a window, where a newer one is all that is at hand. */
  reach(window: WindowId): void | Promise<void>;
  /** The stream's document, fetched once and then at hand. @throws EngineError `STREAM_REFUSED`, `UNKNOWN_STREAM`, ... */
  stream(): StreamView | Promise<StreamView>;
  /**
   * The window that a reading belongs to: the fixed one its time lies in, or the manual one that is open then for its label.
   * @param group as in the flag key.
   * @param at when it was measured, Unix milliseconds; now where it is not given, and whatever manual window is open.
   * @throws EngineError `WINDOW_NOT_OPEN`, `WINDOW_SEALED`, `INVALID_ARGUMENT` when several are open
   */
  window(group: number, at?: number): WindowId | Promise<WindowId>;
  /** The window was found to be over: the next reading looks again. No reading ever moves to another window. */
  forgetWindow(window: WindowId): void;
}

export interface DirectoryOptions {
  /** Where the sensor begins, and what it has seen. */
  readonly seen: RingMemory;
  readonly stream: StreamHash;
  /** What differs from the defaults. */
  readonly policy: Partial<SensorPolicy>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly verifier: Verifier;
  /** Asked for late: the transport itself looks nodes up here. */
  readonly transport: () => Transport;
  readonly request: Request;
}

/** @throws EngineError `RING_REFUSED` when the policy does not allow the ring */
export function createDirectory(options: DirectoryOptions): Directory {
  const { policy, seen, verifier } = options;
  checkRingPolicy(seen.ring, policy);
  const call = <Q, R>(node: NodeId, operation: Operation<Q, R>, question: Q, signal: AbortSignal) =>
    callOperation(options.transport(), node, operation, question, { timeoutMs: DOCUMENT_MS_MAX, signal });
  const book = createRingBook({
    ...options,
    ring: seen.ring,
    trust: seen.trust,
    followed: seen.note,
    readRings: (node, question, signal) => call(node, operations.READ_RINGS, question, signal),
    accept(next) {
      seen.check(next);
      checkRingPolicy(next, policy);
      if (accepted !== undefined) checkStreamPolicy(accepted.document, next, policy);
    },
  });
  let accepted: StreamView | undefined;

  function askStream<T>(read: (answer: StreamAnswer) => T | Promise<T>): Promise<T> {
    const question = { stream: options.stream };
    return options.request((signal) => {
      const ask = async (node: NodeId) => read(await call(node, operations.READ_STREAM, question, signal));
      return askAnyNode(options, nodesByTurns(book.newest()), ask, signal);
    });
  }

  /** The document names itself by its hash, so that any node of any domain may hand it out. */
  async function acceptStream({ document: jws, retired }: StreamAnswer): Promise<StreamView> {
    const document = await openStreamByHistory(jws, verifier, book.history(), async () => {
      await book.reachFirst();
      return book.history();
    });
    if (document.hash !== options.stream) {
      throw new EngineError('STREAM_REFUSED', `expected the stream ${options.stream}, got ${document.hash}`);
    }
    checkStreamPolicy(document, book.newest(), policy);
    await checkRetired(retired);
    accepted = { document, domains: document.domains.map(({ id }) => id) };
    return accepted;
  }

  /** Believed only in the operator's own words: a node that makes it up is another node that refuses. */
  async function checkRetired(statement: string | undefined): Promise<void> {
    if (statement === undefined) return;
    const { stream } = await openRetirement(statement, verifier, book.newest().operatorKey);
    if (stream !== options.stream) return;
    throw new EngineError(
      'STREAM_RETIRED',
      'expected a stream that takes readings, got one that its operator retired',
    );
  }

  const refresh = shared(book.refresh);
  const streams = shared(() => askStream(acceptStream));
  const readWindows = async ({
    windows: found,
    retired,
  }: StreamAnswer): Promise<readonly WindowSummary[]> => {
    await checkRetired(retired);
    return found;
  };
  const windowsOfOne = shared(() => askStream(readWindows));
  const windowsOfEach = shared(async () =>
    (await options.request((signal) => Promise.all(oneOfEach(signal)))).flat(),
  );
  async function windowsAt(group: number, at: number | undefined): Promise<readonly WindowSummary[]> {
    const found = await windowsOfOne('windows');
    if (openWindowsAt(found, group, at).length > 0) return found;
    // A node that was away when a window was opened learns of it by its first message, and none would come.
    return [...found, ...(await windowsOfEach('windows'))];
  }

  /** What one node of each domain lists, by lot; nothing of one that does not answer. */
  function oneOfEach(signal: AbortSignal): readonly Promise<readonly WindowSummary[]>[] {
    return book.newest().domains.map(async ({ nodes }) => {
      const node = nodes[(options.randomBytes(1)[0] ?? 0) % nodes.length];
      if (node === undefined) return [];
      try {
        const question = { stream: options.stream };
        return await readWindows(await call(node.id, operations.READ_STREAM, question, signal));
      } catch (error) {
        if (error instanceof EngineError && error.code !== 'STREAM_RETIRED') return [];
        throw error;
      }
    });
  }
  let listed: readonly WindowSummary[] = [];

  function windowOf(
    { document: { window } }: StreamView,
    group: number,
    at?: number,
  ): WindowId | Promise<WindowId> {
    if (window.kind === 'fixed') return fixedWindowAt(window.durationMs, at ?? options.clock.now());
    const [known, ...others] = openWindowsAt(listed, group, at);
    if (known !== undefined && others.length === 0) return known;
    return windowsAt(group, at).then((found) => {
      listed = found;
      return onlyOpenWindow(found, group, at);
    });
  }

  return {
    view: book.view,
    newest: book.newest,
    target: book.target,
    domainOf: book.domainOf,
    refresh,
    reach: book.reach,
    stream: () => accepted ?? streams('stream'),
    window: (group, at) =>
      accepted === undefined
        ? streams('stream').then((view) => windowOf(view, group, at))
        : windowOf(accepted, group, at),
    forgetWindow(window) {
      listed = listed.filter((known) => known.window !== window);
    },
  };
}

/** Callers that ask for the same key at the same time get one answer. */
function shared<K, T>(ask: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const underWay = new Map<K, Promise<T>>();
  return (key) => {
    const found = underWay.get(key) ?? ask(key).finally(() => underWay.delete(key));
    underWay.set(key, found);
    return found;
  };
}

/** The manual windows that are open for a label, each once; with a time only those it lies in. */
function openWindowsAt(windows: readonly WindowSummary[], group: number, at?: number): readonly WindowId[] {
  const partOf = ({ window, group }: WindowSummary): string => `${window}.${group}`;
  // Of several nodes one may not have heard yet that a window is sealed.
  const over = new Set(windows.filter(({ state }) => state !== 'OPEN').map(partOf));
  const open = windows.filter((part) => {
    if (part.group !== group || over.has(partOf(part))) return false;
    return at === undefined || (part.window <= at && at < part.latest);
  });
  return [...new Set(open.map(({ window }) => windowId(window)))];
}

function onlyOpenWindow(windows: readonly WindowSummary[], group: number, at?: number): WindowId {
  const open = openWindowsAt(windows, group, at);
  const [first, second] = open;
  const then = at === undefined ? '' : ` at ${at}`;
  if (second !== undefined) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected one open window${then}, got ${open.join(', ')}; give the one you mean as the window`,
    );
  }
  if (first !== undefined) return first;
  if (windows.length === 0)
    throw new EngineError('WINDOW_NOT_OPEN', 'expected an open window, got none; the operator opens one');
  throw new EngineError(
    'WINDOW_SEALED',
    `expected an open window${then}, got none that takes readings; the operator opens one`,
  );
}
