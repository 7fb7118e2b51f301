import { EngineError, toBase64Url, utf8 } from '../src/foundation/index.ts';
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
import { storeId, streamHash, windowId } from '../src/ring/identifiers.ts';
import type { DomainId, NodeId, RingDocument, Verifier } from '../src/ring/index.ts';
import { checkSuccessor, openRingDocument } from '../src/ring/index.ts';
import type { Journal } from './engine/journal.ts';
import { createKeyedLock } from './engine/keyed-lock.ts';
import { stampContentType } from './engine/peer-memory.ts';
import { createHandlers, createPeers } from './engine/peers.ts';
import { createRings } from './engine/rings.ts';
import { createRouter } from './engine/router.ts';
import type { RowSeal } from './engine/row-seal.ts';
import { createRowSeal } from './engine/row-seal.ts';
import { openSealedStore } from './engine/sealed-store.ts';
import type { Router } from './http/router.ts';
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
  /** Carries requests to the peer ports of other nodes. */
  readonly peers: Transport;
  readonly log: Log;
  readonly verifier: Verifier;
  readonly sealing: Sealing;
}

export interface NodeSettings {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  /** The ring document, JWS compact. */
  readonly ring: string;
  /** The operator's public key the document must be signed by, where it is pinned. */
  readonly operatorKey?: string;
  /** Opens what sensors seal to the domain. */
  readonly sealingKey: SealingKeyPair;
  /** What was found wrong with the files beneath the store; null or absent for nothing. */
  readonly doubt?: string | null;
  /** Whom this domain believes about which sensors are real: Ed25519 public keys, base64url. Nobody by default. */
  readonly enrolmentAuthorities?: readonly string[];
  /** Whether this domain serves streams that anybody may upload to. Not by default. */
  readonly allowOpenEnrolment?: boolean;
}

/** One running cloud computer, without its ports to the network. */
export interface NodeHandle {
  readonly publicRouter: Router;
  readonly peerRouter: Router;
  readonly ring: RingDocument;
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

/** The key of rows that belong to no window lives beside the windows' keys, under a name no stream can have. */
const STORE_KEY_NAME = streamHash('0'.repeat(64));
const RING_ROW = utf8('ring');
/** What a node is asked by others that start, and answers before it serves. */
const ANSWERED_BEFORE: readonly string[] = [operations.RECALL.path, operations.ROSTER_BATCH.path];

/**
 * Starts a node on its store: verifies the ring document, reads back what was decided, and begins its care.
 * @throws EngineError `RING_REFUSED`, `ROW_CORRUPT`, `STORE_FAILED` and what opening documents throws
 */
export async function openNode(ports: NodePorts, settings: NodeSettings): Promise<NodeHandle> {
  const { clock, randomBytes, store, keys, log, verifier } = ports;
  const startedAt = clock.now();
  const trust = settings.operatorKey === undefined ? {} : { operatorKey: settings.operatorKey };
  const ring = await openRingDocument(settings.ring, verifier, trust);
  const self = selfOf(ring, settings);
  const storeKey = await keys.create(STORE_KEY_NAME, windowId(0), 0);
  const rowSeal = createRowSeal(randomBytes);
  const sealed = await openSealedStore({ store, rowSeal, storeKey, log });
  const { journal, memory, health } = sealed;
  await rememberRing(journal, rowSeal, storeKey, ring, verifier);

  const lock = createKeyedLock();
  const rings = createRings(ring);
  const handlers = createHandlers();
  const peers = createPeers({ transport: ports.peers, handlers, self, clock, memory });
  const { callPeer } = peers;
  const enrolment = {
    enrolmentAuthorities: settings.enrolmentAuthorities ?? [],
    allowOpenEnrolment: settings.allowOpenEnrolment ?? false,
  };
  const base = { ...ports, ...sealed, ...enrolment, storeKey, lock, rings, self, peers, callPeer };
  const services = await openServices(base);
  const { census, roster, rosterSpread, spread, streams, repair } = services;
  const miscounted = await verifyRows({ ...base, ...services }, sealed.start.counts);
  const doubt = settings.doubt ?? miscounted;
  if (doubt !== null) health.raise(doubt);

  const ending = new AbortController();
  let failure: Error | null = null;
  let served = false;
  const serving = checkStart({ ...base, rosterSpread }, sealed.start.seq, ending.signal).then(() => {
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

  function readiness(): { ready: boolean; reasons: string[] } {
    const reasons: string[] = [];
    if (failure !== null) reasons.push(`stopping: ${failure.message}`);
    else if (ending.signal.aborted) reasons.push('stopping');
    else if (!served) reasons.push('starting: asking the other nodes what they remember of this store');
    const doubt = health.doubt();
    if (doubt !== null) reasons.push(`repair: ${doubt}`);
    if (repair.waiting() > 0) reasons.push(`repair: ${repair.waiting()} windows or partitions to be fetched`);
    return { ready: reasons.length === 0, reasons };
  }

  function status(): NodeStatus {
    return {
      node: self.nodeId,
      domain: self.domain,
      epoch: rings.newest().epoch,
      ...readiness(),
      storeId: self.storeId,
      commitSeq: journal.commitSeq(),
      corruptRows: sealed.tables.corruptRows(),
      undecidedFlags: census.undecided(),
      thinPartitions: spread.counts().thin,
      hintedPartitions: spread.counts().hinted,
      acceptors: rings.newest().acceptors,
      streams: streams.list().length,
      uptimeMs: Math.max(0, clock.now() - startedAt),
    };
  }

  serve(handlers, { ...services, rings, status });
  handlers.add(operations.RECALL, async (request, caller) => {
    if (caller.kind !== 'peer') throw new EngineError('FORBIDDEN', 'expected a node of the ring');
    return { commitSeq: memory.recall(caller.node, storeId(request.storeId)) };
  });

  // Before the others have answered, this node answers their same questions and nothing else: when all start at
  // once, each would otherwise wait for the next.
  const admit = ({ path }: { readonly path: string }): void => {
    if (served || ANSWERED_BEFORE.includes(path)) return;
    throw new EngineError('NOT_READY', 'the node is asking the others what they remember of its store');
  };
  // Until it serves it shows what it started with: a number of this life, told back, would look like one lost.
  const stamp = (contentType: string): string =>
    stampContentType(contentType, {
      storeId: self.storeId,
      commitSeq: served ? journal.commitSeq() : sealed.start.seq,
    });

  return {
    publicRouter: createRouter({ handlers, self, audiences: ['public', 'operator'], admit }),
    peerRouter: createRouter({ handlers, self, audiences: ['public', 'peer', 'domain'], admit, stamp }),
    ring,
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

function selfOf(ring: RingDocument, { nodeId, domain, sealingKey }: NodeSettings): ServiceBase['self'] {
  const all = ring.domains.flatMap((section) => section.nodes.map((node) => ({ node, ...section })));
  const place = all.findIndex(({ node }) => node.id === nodeId);
  const found = all[place];
  if (found === undefined || found.domain !== domain) {
    throw new EngineError('RING_REFUSED', `expected node ${nodeId} in domain ${domain} of the ring document`);
  }
  if (found.sealingKey !== toBase64Url(sealingKey.publicKey)) {
    throw new EngineError(
      'RING_REFUSED',
      `expected the sealing key that the section of domain ${domain} names, got another one`,
    );
  }
  return { nodeId, domain, storeId: found.node.storeId, place };
}

/**
 * A node that has served under a ring document takes no older one, no second one of its epoch, and, for now,
 * none that places anything elsewhere: rows and votes would be looked for where they are not.
 */
async function rememberRing(
  journal: Journal,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
  ring: RingDocument,
  verifier: Verifier,
): Promise<void> {
  const [sealed] = await journal.read('meta', [RING_ROW]);
  if (sealed !== undefined) {
    const plain = rowSeal.open(storeKey, 'meta', RING_ROW, sealed);
    if (plain === null)
      throw new EngineError('ROW_CORRUPT', 'the stored ring document does not authenticate');
    const known = await openRingDocument(new TextDecoder().decode(plain), verifier);
    if (known.hash === ring.hash) return;
    checkSuccessor(known, ring);
  }
  const value = rowSeal.seal(storeKey, 'meta', RING_ROW, utf8(ring.jws));
  journal.stage([{ kind: 'put', table: 'meta', key: RING_ROW, value }]);
  await journal.synced();
}

/** The care of a node that closes in order ends without a reason to stop. */
function never(): Promise<never> {
  return new Promise(() => {});
}
