import { bigEndian, concat, EngineError, utf8 } from '../../src/foundation/index.ts';
import type { Clock, Log } from '../../src/ports/index.ts';
import type { SensorId } from '../../src/protocol/index.ts';
import { ROSTER_AUTHORITIES_MAX, ROSTER_SENSORS_MAX } from '../../src/protocol/limits.ts';
import type { RosterBatch } from '../../src/protocol/roster-batch.ts';
import { openRosterBatch } from '../../src/protocol/roster-batch.ts';
import type { RosterHead } from '../../src/protocol/roster-messages.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { StreamHash, Verifier } from '../../src/ring/index.ts';
import { publicKeyBytes } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import { decodeRosterRow, encodeRosterRow } from '../engine/rows.ts';
import type { Tables } from '../engine/tables.ts';
import type { SensorTable } from './sensor-table.ts';
import { createSensorTable } from './sensor-table.ts';

/** What a domain makes of a sensor. */
export type Standing =
  | {
      readonly kind: 'accepted';
      /** P-256, uncompressed, 65 bytes. */
      readonly publicKey: Uint8Array;
      /** When the domain accepted the sensor, Unix milliseconds on the clock of one of its nodes. */
      readonly acceptedAt: number;
      /** The batch that enrolled it. */
      readonly batch: RosterHead;
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked' };

export interface RosterComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly lock: KeyedLock;
  readonly clock: Clock;
  readonly log: Log;
  readonly verifier: Verifier;
  /** Ed25519 public keys, base64url, of the authorities that this domain's own settings trust. */
  readonly enrolmentAuthorities: readonly string[];
}

/** A batch as it is handed from node to node. */
export interface StoredBatch {
  readonly document: string;
  readonly acceptedAt: number;
}

/** Which sensors are real, as the enrolment authorities of this domain say: their logs, verified and kept. */
export interface Roster {
  readonly authorities: readonly string[];
  find(stream: StreamDocument, sensor: SensorId): Standing;
  /**
   * Verifies the next batch of an authority's log, and keeps it, synced. A batch that is here already changes nothing but its
   * time, where another node of the domain accepted it earlier.
   * @param acceptedAt when another node of this domain accepted it; now where it comes from anywhere else.
   * @returns the head of the log here, and whether it grew
   * @throws EngineError `ROSTER_REFUSED`, `ROSTER_GAP`, `SIGNATURE_INVALID` and what opening a batch throws
   */
  put(document: string, acceptedAt?: number): Promise<RosterHead & { readonly grew: boolean }>;
  /** The number of the authority's newest batch here, 0 for none. */
  newest(authority: string): number;
  /** One batch of the log; null where it is not here. */
  batch(authority: string, sequence: number): Promise<StoredBatch | null>;
}

/** One authority's log in memory: place i is batch i + 1. */
interface AuthorityLog {
  readonly authority: string;
  readonly sensors: SensorTable;
  readonly batches: {
    readonly hash: string;
    readonly acceptedAt: number;
    readonly streams: ReadonlySet<StreamHash> | null;
  }[];
}

const ROSTER = utf8('R');

/** @throws EngineError `INVALID_ARGUMENT` for authorities that are no keys, or too many */
export async function openRoster(components: RosterComponents): Promise<Roster> {
  const { journal, tables, storeKey, lock, clock, log, verifier, enrolmentAuthorities } = components;
  checkAuthorities(enrolmentAuthorities);
  const logs = new Map<string, AuthorityLog>();
  for (const authority of enrolmentAuthorities) {
    logs.set(authority, { authority, sensors: createSensorTable(), batches: [] });
  }

  async function batch(authority: string, sequence: number): Promise<StoredBatch | null> {
    if (sequence < 1 || sequence > newest(authority) + 1) return null;
    const [plain] = await tables.peekMany('meta', storeKey, [rowKeyOf(authority, sequence)]);
    if (plain === undefined || plain === null) return null;
    return decodeRosterRow(plain);
  }

  function newest(authority: string): number {
    return logs.get(authority)?.batches.length ?? 0;
  }

  /** What is read back ends at the first row that is missing or does not open; the rest comes from the peers. */
  async function readBack({ authority }: AuthorityLog): Promise<void> {
    for (;;) {
      const stored = await batch(authority, newest(authority) + 1);
      if (stored === null) return;
      const opened = await openRosterBatch(stored.document, verifier);
      apply(following(opened), opened, stored.acceptedAt);
    }
  }

  /** The log that the batch goes on. @throws `ROSTER_REFUSED`, `ROSTER_GAP` */
  function following({ authority, sequence, previous, enrolled }: RosterBatch): AuthorityLog {
    const found = trusted(authority);
    const expected = found.batches.length + 1;
    if (sequence !== expected) {
      throw new EngineError('ROSTER_GAP', `expected batch ${expected} of the authority, got ${sequence}`, {
        expected,
      });
    }
    if (previous !== (found.batches.at(-1)?.hash ?? null)) throw forked(sequence);
    const sensors = [...logs.values()].reduce((sum, { sensors }) => sum + sensors.size(), 0);
    if (sensors + enrolled.length > ROSTER_SENSORS_MAX) {
      throw new EngineError('ROSTER_REFUSED', `expected at most ${ROSTER_SENSORS_MAX} sensors on a node`);
    }
    return found;
  }

  function trusted(authority: string): AuthorityLog {
    const found = logs.get(authority);
    if (found !== undefined) return found;
    throw new EngineError(
      'ROSTER_REFUSED',
      `expected a batch of an enrolment authority that this domain's settings name, got one of ${authority}`,
    );
  }

  function apply(to: AuthorityLog, { sequence, hash, streams, enrolled, revoked }: RosterBatch, at: number) {
    to.batches.push({ hash, acceptedAt: at, streams: streams === null ? null : new Set(streams) });
    for (const { sensor, publicKey } of enrolled) to.sensors.enrol(sensor, publicKey, sequence);
    for (const sensor of revoked) to.sensors.revoke(sensor);
  }

  function standing(of: AuthorityLog, stream: StreamHash, sensor: SensorId): Standing {
    const row = of.sensors.find(sensor);
    if (row.kind !== 'enrolled') return row;
    const enrolment = of.batches[row.batch - 1];
    if (enrolment === undefined || !(enrolment.streams?.has(stream) ?? true)) return { kind: 'unknown' };
    const batch = { authority: of.authority, sequence: row.batch };
    return { kind: 'accepted', publicKey: row.publicKey, acceptedAt: enrolment.acceptedAt, batch };
  }

  async function write(authority: string, sequence: number, row: StoredBatch): Promise<void> {
    journal.stage([tables.put('meta', storeKey, rowKeyOf(authority, sequence), encodeRosterRow(row))]);
    await journal.synced();
  }

  for (const found of logs.values()) await readBack(found);

  return {
    authorities: enrolmentAuthorities,
    newest,
    batch,
    find({ hash }, sensor) {
      let best: Standing = { kind: 'unknown' };
      // Each authority speaks for the sensors it enrolled: one that revokes a sensor says nothing of another's.
      for (const of of logs.values()) {
        const found = standing(of, hash, sensor);
        if (found.kind === 'accepted') return found;
        if (found.kind === 'revoked') best = found;
      }
      return best;
    },
    async put(document, acceptedAt) {
      const opened = await openRosterBatch(document, verifier);
      trusted(opened.authority);
      return lock.run(`roster/${opened.authority}`, async () => {
        const { authority, sequence, hash, enrolled, revoked } = opened;
        const { batches } = trusted(authority);
        const known = batches[sequence - 1];
        if (known !== undefined) {
          if (known.hash === hash) {
            if (acceptedAt !== undefined && acceptedAt < known.acceptedAt) {
              await write(authority, sequence, { acceptedAt, document });
              batches[sequence - 1] = { ...known, acceptedAt };
            }
            return { authority, sequence: newest(authority), grew: false };
          }
          log.error('an enrolment authority has signed two batches of one number', { sequence });
          throw forked(sequence);
        }
        const to = following(opened);
        const at = acceptedAt ?? clock.now();
        const written = write(authority, sequence, { acceptedAt: at, document });
        // A revocation holds at once; an enrolment is not used before it would survive a crash.
        for (const sensor of revoked) to.sensors.revoke(sensor);
        await written;
        apply(to, opened, at);
        log.info('roster grew', { sequence, enrolled: enrolled.length, revoked: revoked.length });
        return { authority, sequence, grew: true };
      });
    },
  };
}

function checkAuthorities(authorities: readonly string[]): void {
  if (authorities.length > ROSTER_AUTHORITIES_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected at most ${ROSTER_AUTHORITIES_MAX} enrolment authorities, got ${authorities.length}`,
    );
  }
  for (const authority of authorities) publicKeyBytes(authority);
}

function rowKeyOf(authority: string, sequence: number): Uint8Array {
  return concat(ROSTER, publicKeyBytes(authority), bigEndian(sequence, 8));
}

function forked(sequence: number): EngineError {
  return new EngineError(
    'ROSTER_REFUSED',
    `expected batch ${sequence} to follow the batches that this node has, got one of another log`,
  );
}
