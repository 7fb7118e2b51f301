import { setMaxListeners } from 'node:events';
import { EngineError } from '../src/foundation/index.ts';
import type {
  Clock,
  Log,
  RandomBytes,
  Sealing,
  SealingKeyPair,
  Store,
  Transport,
  WindowKeys,
} from '../src/ports/index.ts';
import type { NodeStatus } from '../src/protocol/index.ts';
import { operations } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { SENSORS_MIN_DEFAULT } from '../src/protocol/stream-limits.ts';
import { storeId, windowId } from '../src/ring/identifiers.ts';
import type { DomainId, NodeId, RingDocument, StoreId, Verifier } from '../src/ring/index.ts';
import { openRingDocument, votersAmong } from '../src/ring/index.ts';
import { createKeyedLock } from './engine/keyed-lock.ts';
import { openDocuments } from './engine/own-documents.ts';
import { stampContentType } from './engine/peer-memory.ts';
import { createHandlers, createPeers } from './engine/peers.ts';
import type { PeerDomain, PeerTarget } from './engine/phone-book.ts';
import { createPhoneBook } from './engine/phone-book.ts';
import { createRings } from './engine/rings.ts';
import { createRouter } from './engine/router.ts';
import { createRowSeal } from './engine/row-seal.ts';
import { openSealedStore, STORE_KEY_NAME } from './engine/sealed-store.ts';
import type { Caller, Router } from './http/router.ts';
import { runCaretaker } from './services/caretaker.ts';
import type { ServiceBase } from './services/open-services.ts';
import { openServices } from './services/open-services.ts';
import type { Roster } from './services/roster.ts';
import { serve } from './services/serve.ts';
import { checkStart } from './services/start-check.ts';
import { verifyRows } from './services/verify-rows.ts';

/** Everything a node has from outside. */
export interface NodePorts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly store: Store;
  readonly keys: WindowKeys;
  /** Opens what carries requests to the peer ports of other nodes, found by the ring documents in force. */
  readonly connect: (targets: (nodeId: string) => PeerTarget) => Transport;
  readonly log: Log;
  readonly verifier: Verifier;
  readonly sealing: Sealing;
}

export interface NodeSettings {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  /** The store's own name, where it is known from elsewhere; else the one the ring document gives the node. */
  readonly storeId?: StoreId;
  /** A ring document that lists the node, JWS compact; newer ones come from the store and from other nodes. */
  readonly ring: string;
  /** The operator's public key the document must be signed by, where it is pinned. */
  readonly operatorKey?: string;
  /** Opens what sensors seal to the domain. */
  readonly sealingKey: SealingKeyPair;
  /** Those that its domain named before, as long as sensors may still seal to them. */
  readonly formerSealingKeys?: readonly SealingKeyPair[];
  /** What was found wrong with the files beneath the store; null or absent for nothing. */
  readonly doubt?: string | null;
  /** Whom this domain believes about which sensors are real: Ed25519 public keys, base64url. Nobody by default. */
  readonly enrolmentAuthorities?: readonly string[];
  /** Whether this domain serves streams that anybody may upload to. Not by default. */
  readonly allowOpenEnrolment?: boolean;
  /** Least number of distinct sensors in anything this domain releases; {@link SENSORS_MIN_DEFAULT} if absent. */
  readonly minSensorsFloor?: number;
}

/** One running cloud computer, without its ports to the network. */
export interface NodeHandle {
  readonly publicRouter: Router;
  readonly peerRouter: Router;
  /** The newest ring document. */
  ring(): RingDocument;
  /** Who may call as a node: every domain's newest section with all nodes that any document lists. */
  peerDomains(): readonly PeerDomain[];
  /** Resolves when the node serves; rejects when it is closed before. */
  readonly serving: Promise<void>;
  /** Which sensors this node takes for real. */
  readonly roster: Pick<Roster, 'find'>;
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  status(): NodeStatus;
  /** Resolves, and never rejects, with the reason when the node must stop. */
  readonly stopped: Promise<Error>;
  /** Stops all work of its own and waits for what it has staged; the store stays open. Idempotent. */
  close(): Promise<void>;
}

/** What a node is asked by others that start, and answers before it serves. */
const ANSWERED_AT_ONCE: readonly string[] = [
  operations.RECALL.path,
  operations.READ_RINGS.path,
  operations.ROSTER_BATCH.path,
  operations.RETIREMENTS.path,
];

/**
 * Starts a node on its store: verifies the ring document, reads back what was decided, and begins its care.
 * @throws EngineError `RING_REFUSED`, `ROW_CORRUPT`, `STORE_FAILED` and what opening documents throws
 */
export async function openNode(ports: NodePorts, settings: NodeSettings): Promise<NodeHandle> {
  const { clock, randomBytes, store, keys, log, verifier } = ports;
  const startedAt = clock.now();
  const trust = settings.operatorKey === undefined ? {} : { operatorKey: settings.operatorKey };
  const given = await openRingDocument(settings.ring, verifier, trust);
  const storeKey = await keys.create(STORE_KEY_NAME, windowId(0), 0);
  const rowSeal = createRowSeal(randomBytes);
  const sealed = await openSealedStore({ store, rowSeal, storeKey, randomBytes, log });
  const { journal, memory, health } = sealed;
  const documents = await openDocuments({ store, rowSeal, storeKey, verifier, health }, given, settings);
  const { self, promised } = documents;

  const rings = createRings(documents);
  const phoneBook = createPhoneBook(rings);
  const handlers = createHandlers();
  const transport = ports.connect(phoneBook.target);
  // Documents are exchanged over the same connections whose messages find out that they must be.
  const meet = (node: NodeId): Promise<void> => services.exchange.meet(node);
  const peers = createPeers({ transport, handlers, self, clock, memory, rings, meet });
  const own = { ...sensorRules(settings), storeKey, rowSeal, rings, promised, self };
  const base = { ...ports, ...sealed, ...own, lock: createKeyedLock(), peers, callPeer: peers.callPeer };
  const services = await openServices(base);
  const { erasing, exchange, retirements, ringStore, roster, rosterSpread, repair } = services;
  await ringStore.begin(given);
  // What a stop interrupted comes first: its rows open no more. What is due, before anybody is answered.
  await erasing.resume();
  const miscounted = await verifyRows({ ...base, ...services }, journal.counts());
  const doubt = settings.doubt ?? miscounted;
  if (doubt !== null) health.raise(doubt);
  await erasing.run();

  const ending = new AbortController();
  // Whatever a node waits for listens to its end: as much at once as there are nodes to ask.
  setMaxListeners(0, ending.signal);
  let failure: Error | null = null;
  let served = false;
  let waitsFor = 'answers of the other nodes';
  const onWait = (why: string): void => {
    waitsFor = why;
  };
  const start = { ...base, retirements, rosterSpread, learn: exchange.learn, onWait };
  const serving = checkStart(start, sealed.recallMark.seq, ending.signal)
    .then(() => sealed.recallMark.clear(journal))
    .then(() => {
      served = true;
    });
  const care = serving.then(
    () => runCaretaker({ ...base, ...services }, ending.signal),
    (error: unknown) => {
      if (!ending.signal.aborted) throw error;
    },
  );
  const stopped = Promise.race([journal.failed, care.then(never, (error: Error) => error)]).then((error) => {
    failure = error;
    ending.abort();
    return error;
  });

  const startText = (): string =>
    `starting: asks the other nodes what they remember of this store, and waits for ${waitsFor}`;
  function readiness(): { ready: boolean; reasons: string[] } {
    const reasons: string[] = [];
    if (failure !== null) reasons.push(`stopping: ${failure.message}`);
    else if (ending.signal.aborted) reasons.push('stopping');
    else if (!served) reasons.push(startText());
    const doubt = health.doubt();
    if (doubt !== null) reasons.push(`store in doubt, which votes no more and is to be replaced: ${doubt}`);
    if (repair.waiting() > 0) reasons.push(`repair: ${repair.waiting()} windows or partitions to be fetched`);
    return { ready: reasons.length === 0, reasons };
  }

  const status = (): NodeStatus => statusOf({ ...base, ...services, startedAt }, readiness());

  serve(handlers, { ...services, rings, status });
  handlers.add(operations.RECALL, async (request, caller) => {
    if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
    return { commitSeq: memory.recall(caller.node, storeId(request.storeId)) };
  });
  handlers.add(operations.COMMITTED, async (request, caller) => {
    if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
    peers.note(caller.node, { storeId: storeId(request.storeId), commitSeq: request.commitSeq });
    return { kept: true };
  });

  // Before the others have answered, this node answers their same questions and nothing else: when all start at
  // once, each would otherwise wait for the next.
  const admit = ({ path }: { readonly path: string }, caller: Caller): void => {
    // Who asks what a starting node asks may not take copies yet.
    if (caller.kind === 'peer' && !ANSWERED_AT_ONCE.includes(path)) peers.heard(caller.node);
    if (served || ANSWERED_AT_ONCE.includes(path)) return;
    throw new EngineError('NOT_READY', startText());
  };
  // Until it serves it shows what it started with: a number of this life, told back, would look like one lost.
  const stamp = (contentType: string): string =>
    stampContentType(contentType, {
      storeId: self.storeId,
      commitSeq: served ? journal.commitSeq() : sealed.recallMark.seq,
    });

  const routes = { handlers, self, admit, recheck: rings.check };

  return {
    publicRouter: createRouter({ ...routes, audiences: ['public', 'operator'] }),
    peerRouter: createRouter({ ...routes, audiences: ['public', 'peer', 'domain'], stamp }),
    ring: rings.newest,
    peerDomains: phoneBook.peerDomains,
    roster,
    serving,
    readiness,
    status,
    stopped,
    async close() {
      ending.abort();
      await care.catch(() => {});
      await journal.close();
    },
  };
}

/** Whom the node believes to be a sensor, and with what it opens what they say. */
function sensorRules(settings: NodeSettings) {
  const { sealingKey, formerSealingKeys = [] } = settings;
  const { enrolmentAuthorities = [], allowOpenEnrolment = false } = settings;
  const { minSensorsFloor = SENSORS_MIN_DEFAULT } = settings;
  return { sealingKey, formerSealingKeys, enrolmentAuthorities, allowOpenEnrolment, minSensorsFloor };
}

/** What a node says about itself to its operator. */
function statusOf(
  node: ServiceBase & Awaited<ReturnType<typeof openServices>> & { readonly startedAt: number },
  readiness: { readonly ready: boolean; readonly reasons: string[] },
): NodeStatus {
  const { self, rings, journal, corrupt, census, spread, streams, tell, clock, startedAt } = node;
  const { thin, hinted } = spread.counts();
  return {
    node: self.nodeId,
    domain: self.domain,
    epoch: rings.newest().epoch,
    ...readiness,
    storeId: self.storeId,
    commitSeq: journal.commitSeq(),
    corruptRows: corrupt.count(),
    undecidedFlags: tell(census.undecided()),
    thinPartitions: tell(thin),
    hintedPartitions: tell(hinted),
    acceptors: fewestVoters(rings.newest(), streams.list()),
    streams: streams.list().length,
    uptimeMs: Math.max(0, clock.now() - startedAt),
    clockMs: clock.now(),
  };
}

/** How many nodes vote on a flag, of the stream with the fewest: one where its domains have two nodes together. */
function fewestVoters(ring: RingDocument, streams: readonly StreamDocument[]): 1 | 3 {
  const lists = [ring.domains.map(({ domain }) => domain), ...streams.map(domainIds)];
  return lists.some((named) => votersAmong(ring, named) === 1) ? 1 : 3;
}

function domainIds({ domains }: StreamDocument): readonly DomainId[] {
  return domains.map(({ id }) => id);
}

/** The care of a node that closes in order ends without a reason to stop. */
function never(): Promise<never> {
  return new Promise(() => {});
}
