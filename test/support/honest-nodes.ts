import { EngineError, equalBytes, utf8 } from '../../src/foundation/index.ts';
import type { Clock, Transport, TransportRequest } from '../../src/ports/index.ts';
import type {
  AcceptResponse,
  FlagEntry,
  MessageContext,
  Operation,
  Outcome,
  SetPacket,
  SetRequest,
  UploadRequest,
  UploadResponse,
  WindowSummary,
} from '../../src/protocol/index.ts';
import {
  createReceipts,
  entryName,
  operations,
  PROBLEM_CONTENT_TYPE,
  packetName,
  problemOf,
} from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { groupsOf } from '../../src/protocol/stream-groups.ts';
import type { NodeId, Partition, Placement, RingDocument, WindowId } from '../../src/ring/index.ts';
import { majority, nodeId, partitionOf, placingDocument } from '../../src/ring/index.ts';
import { createPacketOpener } from './packet-opener.ts';
import { placementOf } from './placement-of.ts';

const OPERATIONS = {
  UPLOAD: operations.UPLOAD,
  SET: operations.SET,
  ACCEPT: operations.ACCEPT,
  GET: operations.GET,
  READ_RINGS: operations.READ_RINGS,
  READ_STREAM: operations.READ_STREAM,
} as const;
/** K of the windows, as the nodes know it. */
const RECEIPT_KEY = new Uint8Array(32).fill(7);
export type SensorOperation = keyof typeof OPERATIONS;

/** What the network does to one request. */
export type Fate = 'arrives' | 'request lost' | 'reply lost' | EngineError;

export interface Arrival {
  readonly node: NodeId;
  readonly operation: SensorOperation;
  readonly body: Uint8Array;
}

export interface HonestNodes {
  readonly transport: Transport;
  /** Every request that was sent, also the lost ones. */
  readonly sent: readonly Arrival[];
  /** By entry: what the flags table of the acceptors says. */
  readonly flags: ReadonlyMap<string, Outcome>;
  /** Per domain of the stream, by entry: the shares its values table holds. */
  readonly values: readonly ReadonlyMap<string, Uint8Array>[];
  /** Decides ERROR for every flag that is still undecided, as the timeout may. */
  expireFlags(): void;
  /** @param group one label of it, as in the flag key; else all. */
  seal(window: number, group?: number): void;
  /** The nodes use this ring document from now on. */
  adopt(ring: RingDocument): void;
  /** The nodes hand out this statement with the stream. */
  retire(statement: string): void;
  closed(): boolean;
}

export interface HonestNodesOptions {
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly clock: Clock;
  /** Starts of the windows that are open. */
  readonly windows: readonly number[];
  readonly fate?: (arrival: Arrival) => Fate;
  /** Called before a request is carried out. */
  readonly arrives?: (arrival: Arrival) => void;
}

/** The sensors' side of an honest cluster, without its disks and elections: tables that all nodes share. */
export function createHonestNodes(options: HonestNodesOptions): HonestNodes {
  const { stream, clock } = options;
  const domains = stream.domains.map(({ id }) => id);
  const flags = new Map<string, Outcome>();
  const values = domains.map(() => new Map<string, Uint8Array>());
  const votes = new Map<string, Set<NodeId>>();
  /** Windows, and parts of windows. */
  const sealed = new Set<number | string>();
  const isSealed = (window: number, group: number) => sealed.has(window) || sealed.has(`${window}.${group}`);
  const sent: Arrival[] = [];
  let ring = options.ring;
  const documents = [ring];
  const placementAt = (window: WindowId): Placement => placementOf(placingDocument({ documents }, window));
  let closed = false;
  let retired: string | undefined;

  function checkContext({ epoch, placementEpoch, stream: hash, window, group }: MessageContext): void {
    const placing = placingDocument({ documents }, window);
    if (epoch !== ring.epoch || placementEpoch !== placing.placementEpoch)
      throw new EngineError('STALE_EPOCH', `expected epoch ${ring.epoch}`);
    if (hash !== stream.hash) throw new EngineError('UNKNOWN_STREAM', 'expected the stream of the test');
    if (isSealed(window, group)) throw new EngineError('WINDOW_SEALED', 'the window is sealed');
    if (!options.windows.includes(window)) throw new EngineError('WINDOW_NOT_OPEN', 'never opened');
  }

  function checkAcceptor(window: WindowId, node: NodeId, at: Partition, entries: readonly FlagEntry[]): void {
    if (!placementAt(window).acceptors(domains, at).includes(node))
      throw new EngineError('WRONG_NODE', 'no acceptor');
    for (const { readingId } of entries) {
      if (partitionOf(readingId) !== at) throw new EngineError('MALFORMED_BODY', 'another partition');
    }
  }

  const opener = createPacketOpener();

  const receipts = createReceipts(RECEIPT_KEY);

  function upload(node: NodeId, request: UploadRequest): UploadResponse['packets'] {
    checkContext(request.context);
    const placement = placementAt(request.context.window);
    const domain = domains[request.index];
    const table = values[request.index];
    if (domain === undefined || table === undefined || placement.node(node).domain !== domain) {
      throw new EngineError('WRONG_DOMAIN', 'a share of another domain');
    }
    if (!placement.owners(domain, request.partition).includes(node)) {
      throw new EngineError('WRONG_NODE', 'no owner');
    }
    const isAcceptor = placement.acceptors(domains, request.partition).includes(node);
    return opener.shares(domain, request).map((rows, place) => {
      const conflicts = rows.flatMap(({ entry, share }, at) => {
        const before = table.get(entryName(entry));
        table.set(entryName(entry), before ?? share);
        if (isAcceptor) outcomes([entry], (old) => old);
        return before === undefined || equalBytes(before, share) ? [] : [at];
      });
      if (conflicts.length > 0) return { answer: 'CONFLICT', receipt: null, word: null, conflicts };
      const packet = request.packets[place];
      if (packet === undefined) throw new Error('expected as many packets as were opened');
      const receipt = receipts.of(packetName(request.context, packet), request.index);
      return { answer: 'STORED', receipt, word: null, conflicts };
    });
  }

  function checkReceipts(context: MessageContext, packet: SetPacket): void {
    if (receipts.complete(packetName(context, packet), packet.receipts, domains.length)) return;
    throw new EngineError('RECEIPTS_REFUSED', 'expected the receipts of all domains');
  }

  /** A flag is TRUE when a majority of its acceptors has voted so. */
  function accept(node: NodeId, request: SetRequest): AcceptResponse['packets'] {
    checkContext(request.context);
    const { window } = request.context;
    const { domain } = placementAt(window).node(node);
    const needed = majority(placementAt(window).acceptors(domains, request.partition).length);
    const packets = opener.set(domain, domains.indexOf(domain), request);
    for (const packet of request.packets) checkReceipts(request.context, packet);
    checkAcceptor(window, node, request.partition, packets.flat());
    return packets.map((entries) => {
      const others = entries.flatMap((entry, place) => {
        const name = entryName(entry);
        if (flags.get(name) === 'ERROR') {
          const ballot = { counter: 1, proposer: 0 };
          return [{ place, promised: ballot, accepted: { ballot, value: 'ERROR' as const } }];
        }
        const own = votes.get(name) ?? new Set();
        votes.set(name, own.add(node));
        if (own.size >= needed) flags.set(name, 'TRUE');
        return [];
      });
      return { answer: 'ACCEPTED', word: null, others };
    });
  }

  function windows(): WindowSummary[] {
    return options.windows.flatMap((window) =>
      groupsOf(stream).map(({ group }) => ({
        window,
        group,
        notBefore: 0,
        latest: Number.MAX_SAFE_INTEGER,
        state: isSealed(window, group) ? ('SEALED' as const) : ('OPEN' as const),
      })),
    );
  }

  function outcomes(entries: readonly FlagEntry[], change: (old: Outcome) => Outcome): Outcome[] {
    return entries.map((entry) => {
      const outcome = change(flags.get(entryName(entry)) ?? 'UNDECIDED');
      flags.set(entryName(entry), outcome);
      return outcome;
    });
  }

  function carryOut({ node, operation, body }: Arrival): Uint8Array {
    switch (operation) {
      case 'READ_RINGS': {
        const { from } = operations.READ_RINGS.request.decode(body);
        const rings = documents.filter(({ epoch }) => epoch >= Number(from)).map(({ jws }) => jws);
        return operations.READ_RINGS.response.encode({ rings });
      }
      case 'READ_STREAM':
        return operations.READ_STREAM.response.encode({
          document: stream.jws,
          windows: windows(),
          ...(retired === undefined ? {} : { retired }),
        });
      case 'UPLOAD':
        return operations.UPLOAD.response.encode({
          packets: upload(node, operations.UPLOAD.request.decode(body)),
        });
      case 'ACCEPT':
        return operations.ACCEPT.response.encode({
          packets: accept(node, operations.ACCEPT.request.decode(body)),
        });
      case 'SET': {
        const request = operations.SET.request.decode(body);
        checkContext(request.context);
        const { window } = request.context;
        const { domain } = placementAt(window).node(node);
        const entries = opener.set(domain, domains.indexOf(domain), request).flat();
        for (const packet of request.packets) checkReceipts(request.context, packet);
        checkAcceptor(window, node, request.partition, entries);
        const decided = outcomes(entries, (old) => (old === 'UNDECIDED' ? 'TRUE' : old));
        return operations.SET.response.encode({ outcomes: decided });
      }
      case 'GET': {
        const request = operations.GET.request.decode(body);
        checkContext(request.context);
        checkAcceptor(request.context.window, node, request.partition, request.flags);
        return operations.GET.response.encode({ outcomes: outcomes(request.flags, (old) => old) });
      }
    }
  }

  const transport: Transport = {
    async send(node, request, { timeoutMs, signal }) {
      signal?.throwIfAborted();
      const arrival = { node: nodeId(node), operation: operationOf(request), body: bodyOf(request) };
      sent.push(arrival);
      const fate = options.fate?.(arrival) ?? 'arrives';
      if (fate === 'request lost') return noAnswer(clock, timeoutMs, signal);
      options.arrives?.(arrival);
      let answer: { status: number; body: Uint8Array; contentType: string };
      try {
        if (fate instanceof EngineError) throw fate;
        const { contentType } = OPERATIONS[arrival.operation].response;
        answer = { status: 200, body: carryOut(arrival), contentType };
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        answer = { ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE };
      }
      return fate === 'reply lost' ? noAnswer(clock, timeoutMs, signal) : answer;
    },
    async close() {
      closed = true;
    },
  };

  return {
    transport,
    sent,
    flags,
    values,
    expireFlags() {
      for (const [name, outcome] of flags) if (outcome === 'UNDECIDED') flags.set(name, 'ERROR');
    },
    seal: (window, group) => sealed.add(group === undefined ? window : `${window}.${group}`),
    adopt(next) {
      ring = next;
      documents.push(next);
    },
    retire(statement) {
      retired = statement;
    },
    closed: () => closed,
  };
}

/** A GET carries its request in the query. */
function bodyOf({ method, path, body }: TransportRequest): Uint8Array {
  if (method !== 'GET') return body;
  const query = path.split('?')[1];
  return utf8(query === undefined ? '' : JSON.stringify(Object.fromEntries(new URLSearchParams(query))));
}

function operationOf(request: TransportRequest): SensorOperation {
  const path = request.path.split('?')[0];
  for (const [name, operation] of Object.entries(OPERATIONS) as [
    SensorOperation,
    Operation<never, never>,
  ][]) {
    if (operation.path === path && operation.method === request.method) return name;
  }
  throw new Error(`expected an operation of sensors, got ${request.path}`);
}

async function noAnswer(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined): Promise<never> {
  await clock.sleep(timeoutMs, signal);
  throw new EngineError('UNREACHABLE', 'no answer');
}
