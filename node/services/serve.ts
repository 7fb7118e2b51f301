import { EngineError } from '../../src/foundation/index.ts';
import type { MessageContext, NodeStatus, Operation } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { shareIndex } from '../../src/protocol/stream-document.ts';
import { streamHash } from '../../src/ring/identifiers.ts';
import type { DomainId } from '../../src/ring/index.ts';
import type { Handlers } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Caller } from '../http/router.ts';
import type { Admission } from './admission.ts';
import type { Audit } from './audit.ts';
import type { Decisions } from './decisions.ts';
import type { FlagAcceptor } from './flag-acceptor.ts';
import type { Flags } from './flags.ts';
import type { Frozen } from './frozen.ts';
import type { Gather } from './gathering.ts';
import type { Holding } from './holding.ts';
import type { RowInventory } from './inventory.ts';
import type { JoinedRequests } from './joined-requests.ts';
import type { OperatorDesk } from './operator-desk.ts';
import type { Retirements } from './retirements.ts';
import type { RingExchange } from './ring-exchange.ts';
import type { RingStore } from './ring-store.ts';
import type { Roster } from './roster.ts';
import type { RosterSpread } from './roster-spread.ts';
import type { SensorCensus } from './sensor-census.ts';
import type { SetLists } from './set-lists.ts';
import type { ShareSums } from './share-sums.ts';
import type { ShareTable } from './share-table.ts';
import type { Streams } from './streams.ts';
import type { Values } from './values.ts';
import type { Windows } from './windows.ts';

export interface Services {
  readonly acceptor: FlagAcceptor;
  readonly admission: Admission;
  readonly audit: Audit;
  readonly decisions: Decisions;
  readonly desk: OperatorDesk;
  readonly exchange: RingExchange;
  readonly flags: Flags;
  readonly frozen: Frozen;
  readonly gather: Gather;
  readonly holding: Holding;
  readonly inventory: RowInventory;
  readonly lists: SetLists;
  readonly joined: JoinedRequests;
  readonly retirements: Retirements;
  readonly rings: Rings;
  readonly ringStore: RingStore;
  readonly roster: Roster;
  readonly rosterSpread: RosterSpread;
  readonly shares: ShareTable;
  readonly status: () => NodeStatus;
  readonly sensors: SensorCensus;
  readonly streams: Streams;
  readonly sums: ShareSums;
  readonly values: Values;
  readonly windows: Windows;
}

/** Binds every operation to the service that carries it out; the whole interface of a node on one page. */
export function serve(handlers: Handlers, services: Services): void {
  serveSensors(handlers, services);
  serveOperators(handlers, services);
  servePeers(handlers, services);
  serveDomain(handlers, services);
  serveRoster(handlers, services);
}

function serveSensors(
  handlers: Handlers,
  { acceptor, flags, joined, values, rings, ringStore, retirements, streams, desk }: Services,
): void {
  handlers.add(operations.SET, async (request) => ({ outcomes: await joined.set(request) }));
  handlers.add(operations.ACCEPT, async (request, { kind }) => ({
    packets: await acceptor.accept(request, kind === 'peer'),
  }));
  handlers.add(operations.GET, async (request, _, signal) => ({
    outcomes: await flags.get(request, signal),
  }));
  handlers.add(operations.UPLOAD, async (request, { kind }) => ({
    packets: await (kind === 'peer' ? values.upload(request, true) : joined.upload(request)),
  }));
  handlers.add(operations.RELAY, (request) => joined.relay(request));
  handlers.add(operations.READ_RING, async () => ({ ring: rings.newest().jws }));
  handlers.add(operations.READ_RINGS, async ({ from }) => ({ rings: [...ringStore.page(Number(from))] }));
  handlers.add(operations.LIST_STREAMS, async () => ({
    streams: streams.list().map(({ hash, name }) => ({
      stream: hash,
      name,
      ...(retirements.isRetired(hash) ? { retired: true } : {}),
    })),
  }));
  handlers.add(operations.READ_STREAM, async ({ stream, after }, caller) => {
    const hash = streamHash(stream);
    // A peer that asks has looked at home; were the question passed on, one unknown name would go round for ever.
    const found = caller.kind === 'peer' ? streams.findHere(hash) : await streams.find(hash);
    if (found === undefined) throw new EngineError('UNKNOWN_STREAM', `expected a known stream, got ${hash}`);
    return desk.describe(found, after);
  });
}

function serveOperators(
  handlers: Handlers,
  { audit, exchange, retirements, streams, desk, status }: Services,
): void {
  handlers.add(operations.PUBLISH_RING, ({ ring }) => exchange.publish(ring));
  handlers.add(operations.PUT_STREAM, async ({ document }) => {
    await streams.put(document);
    return { done: true };
  });
  handlers.add(operations.RETIRE_STREAM, async ({ document }) => {
    await retirements.put(document);
    return { done: true };
  });
  handlers.add(operations.OPEN_WINDOW, async (request, _, signal) => {
    await desk.open(request, signal);
    return { done: true };
  });
  handlers.add(operations.SEAL, (question, _, signal) => desk.seal(question, signal));
  handlers.add(operations.COMPUTE, (question, _, signal) => desk.compute(question, signal));
  handlers.add(operations.READ_STATUS, async () => status());
  handlers.add(operations.AUDIT, (_request, _caller, signal) => audit.run(signal));
}

function servePeers(handlers: Handlers, services: Services): void {
  const { acceptor, admission, decisions, exchange, retirements, rings, streams, windows } = services;
  const { frozen, holding, lists } = services;

  /** What a stream's coordinators and acceptors ask each other, all of them nodes of its own domains. */
  function among<Q extends { readonly context: MessageContext }, R>(
    operation: Operation<Q, R>,
    answer: (request: Q, signal: AbortSignal, from: DomainId) => Promise<R>,
  ): void {
    handlers.add(operation, async (request, caller, signal) => {
      rings.check(request.context);
      return answer(request, signal, domainOf(await streams.find(request.context.stream), caller));
    });
  }

  among(operations.VOTE, async (request) => ({ votes: await acceptor.vote(request) }));
  among(operations.SYNOD, async (request) => {
    if (request.decision === 'release')
      throw new EngineError('FORBIDDEN', 'a ledger answers its own domain only');
    return decisions.vote(await windows.find(request.context), request);
  });
  handlers.add(operations.OFFER_RING, async (offer, caller) => {
    if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
    return exchange.offered(offer, caller.node);
  });
  handlers.add(operations.RETIREMENTS, async ({ known }) => ({
    documents: [...retirements.unknownTo(known)],
  }));
  among(operations.FREEZE, async ({ context }) => frozen.freeze(await admission.window(context)));
  among(operations.FROZEN_LIST, async (request) =>
    frozen.list(await admission.window(request.context), request),
  );
  among(operations.KEEP_LIST, async (request, _, from) => ({
    kept: await lists.keep(await admission.window(request.context), request, from),
  }));
  among(operations.READ_LIST, async (request) =>
    lists.read(await admission.window(request.context), request),
  );
  among(operations.ANNOUNCE, async ({ context }) => {
    await admission.window(context);
    return { kept: true };
  });
  among(operations.READY, async ({ context, settlement }, signal) =>
    holding.ready(await admission.window(context), settlement, signal),
  );
}

/** The domain that asks: the key of a window's digests, its flags and its votes are for nodes of the stream's domains. @throws EngineError `FORBIDDEN` */
function domainOf(stream: StreamDocument, caller: Caller): DomainId {
  if (caller.kind === 'peer' && shareIndex(stream, caller.domain) !== undefined) return caller.domain;
  throw new EngineError('FORBIDDEN', `expected a node of a domain of stream ${stream.name}`);
}

function serveDomain(handlers: Handlers, services: Services): void {
  const { admission, decisions, gather, inventory, rings, sensors, shares, sums, values, windows } = services;
  handlers.add(operations.LEDGER, async (request) => {
    if (request.decision !== 'release')
      throw new EngineError('FORBIDDEN', 'expected the decision of a ledger');
    rings.check(request.context);
    // Of an erased window the ledger is still read.
    const window = request.kind === 'read' ? windows.find : admission.window;
    return decisions.vote(await window(request.context), request);
  });
  handlers.add(operations.HELD, async ({ context, partitions }) =>
    sums.held(await admission.window(context), partitions),
  );
  handlers.add(operations.SUM, async ({ context, partitions, excluded }) =>
    sums.sum(await admission.window(context), partitions, excluded),
  );
  handlers.add(operations.SENSORS, async ({ context, ...request }) =>
    sensors.page(await admission.window(context), request),
  );
  handlers.add(operations.COPY, async (request) => ({ conflicts: await values.copy(request) }));
  handlers.add(operations.COMPARE, async ({ context, partition, entries }) => ({
    missing: await shares.missing(await admission.window(context), partition, entries),
  }));
  handlers.add(operations.ROWS, async ({ context, partition, after }) =>
    shares.page(await admission.window(context), partition, after),
  );
  handlers.add(operations.INVENTORY, async ({ context }, _, signal) => {
    const { holdings } = await inventory.take(await admission.window(context), signal);
    return { partitions: holdings };
  });
  handlers.add(operations.GATHER, async ({ context, partitions }, _, signal) => {
    await gather(await admission.window(context), partitions, signal);
    return { kept: true };
  });
}

function serveRoster(handlers: Handlers, { roster, rosterSpread }: Services): void {
  handlers.add(operations.PUT_ROSTER, ({ document }) => rosterSpread.put(document));
  handlers.add(operations.ROSTER_NEWS, async (news, caller) => {
    if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
    return rosterSpread.hear(caller.node, news);
  });
  handlers.add(operations.ROSTER_BATCH, async ({ authority, sequence }) => ({
    batch: await roster.batch(authority, sequence),
  }));
}
