import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import { limits } from '../../src/protocol/index.ts';
import type { RingState } from '../../src/protocol/ring-messages.ts';
import type { DomainId, RingDocument, RingHistory, StoreId, Verifier } from '../../src/ring/index.ts';
import {
  extendHistory,
  lostStoresOf,
  oldestOf,
  openRingDocument,
  placementsOf,
  prependHistory,
} from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import { ringRowWrite } from '../engine/ring-rows.ts';
import type { Rings } from '../engine/rings.ts';
import type { RowSeal } from '../engine/row-seal.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import { votedWindow } from './voted-window.ts';
import type { Windows } from './windows.ts';

const DECLARED_LOST = 'its domain has declared it lost';

export interface RingStoreComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly rowSeal: RowSeal;
  readonly storeKey: Uint8Array;
  readonly health: StoreHealth;
  readonly lock: KeyedLock;
  readonly rings: Rings;
  readonly windows: Windows;
  readonly self: { readonly domain: DomainId; readonly storeId: StoreId };
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly log: Log;
  /** Epochs of the placements that this store had promised before it was started. */
  readonly promised: readonly number[];
}

/** The ring documents on disk, and what this store has promised about them. */
export interface RingStore {
  /**
   * Takes in the document that the node was started with: the first one of a new store is written down, a newer
   * one followed if it is the next; anything later the other nodes have as well.
   */
  begin(given: RingDocument): Promise<void>;
  /** Documents in a row, from the next one or an earlier one on. @throws `RING_REFUSED`, `RING_CONFLICT` */
  take(documents: readonly string[]): Promise<void>;
  /**
   * A document from the operator. @throws EngineError `RING_CONFLICT`, and `RING_REFUSED` also for a new placement that
   * could never be in force, or begins in the past
   */
  takePublished(jws: string): Promise<void>;
  /** All documents before the oldest one here, in their order. @throws EngineError `RING_REFUSED` */
  takeOlder(documents: readonly RingDocument[]): Promise<void>;
  putInForce(placement: RingDocument): Promise<void>;
  /** The documents from an epoch on, as many as go into one message. */
  page(from: number): readonly string[];
  state(): RingState;
}

export function createRingStore(components: RingStoreComponents): RingStore {
  const { journal, rowSeal, storeKey, health, lock, rings, self, verifier, clock, log } = components;
  const promised = new Set<number>(components.promised);
  const open = (jws: string): Promise<RingDocument> =>
    openRingDocument(jws, verifier, { operatorKey: rings.newest().operatorKey });

  /** Stages the row of a document that is in use by now. @param promises what counts as promised from then on */
  function write({ epoch, jws }: RingDocument, promises = false): Promise<void> {
    return onceThereIsRoom(journal, () => {
      const row = { epoch, jws, promised: promises || promised.has(epoch), inForce: rings.isInForce(epoch) };
      journal.stage([ringRowWrite(rowSeal, storeKey, row)]);
      if (promises) promised.add(epoch);
    });
  }

  function noteLoss(): void {
    if (lostStoresOf(rings.history(), self.domain).has(self.storeId)) health.raise(DECLARED_LOST);
  }

  async function add(ring: RingDocument, check: (ring: RingDocument) => void = () => {}): Promise<void> {
    const before = rings.newest();
    const next = extendHistory(rings.history(), ring);
    if (next === rings.history()) return;
    check(ring);
    // From here on this node refuses the windows of a new placement under any older one. Only then it looks
    // whether it has voted in one, so that no vote slips between.
    rings.adopt(next);
    // A store in doubt may have forgotten a vote, so its word is worth nothing.
    const mayPromise = health.doubt() === null && ring.placementEpoch !== before.placementEpoch;
    const promises = mayPromise && (await votedWindow(components, ring.placementFrom)) === null;
    noteLoss();
    await write(ring, promises);
    await journal.synced();
    log.info('ring document taken', { epoch: ring.epoch, promised: promised.has(ring.epoch) });
  }

  function refuseSecond(epoch: number, hash: string): never {
    const reason = `two ring documents of epoch ${epoch} exist; the other one is ${hash}`;
    log.error('admission stops', { reason });
    rings.stop(reason);
    throw new EngineError('RING_CONFLICT', reason);
  }

  async function takeOne(jws: string, check?: (ring: RingDocument) => void): Promise<void> {
    const { documents } = rings.history();
    if (documents.some((known) => known.jws === jws)) return;
    const ring = await open(jws);
    if (documents.some(({ epoch }) => epoch === ring.epoch)) {
      // One that was refused may still be on its way when another is in its place, and must not stop the ring.
      check?.(ring);
      refuseSecond(ring.epoch, ring.hash);
    }
    await add(ring, check);
  }

  const begins = ({ epoch, placementEpoch }: RingDocument): boolean => epoch > 1 && placementEpoch === epoch;

  async function checkBegins(jws: string): Promise<void> {
    const ring = await open(jws);
    if (ring.epoch <= rings.newest().epoch || !begins(ring)) return;
    extendHistory(rings.history(), ring);
    const voted = await votedWindow(components, ring.placementFrom);
    if (voted !== null) throw tooEarly(ring, `window ${voted}`);
    checkNotBegun(ring);
  }

  /**
   * Asked again with nothing between it and the taking: from its beginning on no node takes a document that none has,
   * and the operator may sign another one in its place.
   */
  function checkNotBegun(ring: RingDocument): void {
    if (begins(ring) && ring.placementFrom <= clock.now()) throw tooEarly(ring, 'no such window');
  }

  return {
    begin(given) {
      return lock.run('ring', async () => {
        const { documents } = rings.history();
        const known = documents.find(({ epoch }) => epoch === given.epoch);
        if (known !== undefined && known.hash !== given.hash) refuseSecond(given.epoch, given.hash);
        for (const ring of documents) await write(ring);
        if (given.epoch === rings.newest().epoch + 1) await add(given);
        noteLoss();
        await journal.synced();
      });
    },
    take: (documents) =>
      lock.run('ring', async () => {
        for (const jws of documents) await takeOne(jws);
      }),
    async takePublished(jws) {
      await checkBegins(jws);
      await lock.run('ring', () => takeOne(jws, checkNotBegun));
    },
    takeOlder: (documents) =>
      lock.run('ring', async () => {
        const missing = documents.slice(0, oldestOf(rings.history()).epoch - 1);
        rings.adopt(missing.reduceRight(prependHistory, rings.history()));
        // The newest first: a crash may keep the first of them alone, and a row with a gap puts the store in doubt for ever.
        for (const ring of missing.toReversed()) await write(ring);
        await journal.synced();
      }),
    async putInForce(placement) {
      rings.putInForce(placement.placementEpoch);
      await write(placement);
      await journal.synced();
      log.info('placement in force', { epoch: placement.placementEpoch, from: placement.placementFrom });
    },
    page: (from) => pageOf(rings.history(), from),
    state() {
      const { epoch, hash } = rings.newest();
      const begun = placementsOf(rings.history()).map(({ placementEpoch }) => placementEpoch);
      return {
        epoch,
        hash,
        storeId: self.storeId,
        unpromised: begun.filter((placement) => placement > 1 && !promised.has(placement)),
        inForce: rings.inForce().placementEpoch,
      };
    },
  };
}

/**
 * Stages what has to follow what is in memory, however much waits for the disk: a document that the node has is not brought to
 * it again, and a row with a gap puts the store in doubt for ever.
 */
async function onceThereIsRoom({ synced }: Pick<Journal, 'synced'>, stage: () => void): Promise<void> {
  for (;;) {
    try {
      return stage();
    } catch (error) {
      if (!hasCode(error, 'OVERLOADED')) throw error;
      await synced();
    }
  }
}

/** The documents from an epoch on, as many as go into one message. */
function pageOf({ documents }: RingHistory, from: number): readonly string[] {
  const found: string[] = [];
  let chars = 0;
  for (const { epoch, jws } of documents) {
    if (epoch < from) continue;
    chars += jws.length;
    if (found.length > 0 && chars > limits.RINGS_PAGE_CHARS_MAX) break;
    found.push(jws);
  }
  return found;
}

function tooEarly({ placementFrom }: RingDocument, others: string): EngineError {
  return new EngineError(
    'RING_REFUSED',
    `expected a placement that begins later than now and than every window that is open, got ${placementFrom} and ${others}`,
  );
}
