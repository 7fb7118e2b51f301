import { EngineError, toBase64Url, toHex } from '../../src/foundation/index.ts';
import type { RosterBatch } from '../../src/protocol/index.ts';
import { openRosterBatch, signRosterBatch } from '../../src/protocol/index.ts';
import { ROSTER_CHANGES_MAX } from '../../src/protocol/limits.ts';
import type { Signer, StreamHash, Verifier } from '../../src/ring/index.ts';

/** A sensor as the authority's log has it. */
export interface ListedSensor {
  readonly state: 'enrolled' | 'revoked';
  readonly publicKey: Uint8Array;
  /** The batch that said so last. */
  readonly batch: number;
}

/** An enrolment authority's own log, whole and in order. */
export interface RosterLog {
  readonly authority: string;
  readonly batches: readonly RosterBatch[];
  /** By sensor id in hex, in the order of enrolment. */
  readonly sensors: ReadonlyMap<string, ListedSensor>;
}

/** What a batch is to say. */
export interface RosterChanges {
  readonly enrol: readonly Uint8Array[];
  /** Sensor ids, hex. */
  readonly revoke: readonly string[];
  readonly streams: readonly StreamHash[] | null;
}

/**
 * Reads a log back.
 * @throws EngineError `ROSTER_REFUSED` where a batch is of another authority or does not follow, and what opening
 * a batch throws
 */
export async function openRosterLog(
  authority: string,
  documents: readonly string[],
  verifier: Verifier,
): Promise<RosterLog> {
  const batches: RosterBatch[] = [];
  const sensors = new Map<string, ListedSensor>();
  for (const document of documents) {
    const batch = await openRosterBatch(document, verifier);
    const previous = batches.at(-1)?.hash ?? null;
    if (
      batch.authority !== authority ||
      batch.sequence !== batches.length + 1 ||
      batch.previous !== previous
    ) {
      throw new EngineError(
        'ROSTER_REFUSED',
        `expected batch ${batches.length + 1} of ${authority}, got batch ${batch.sequence} of another log`,
      );
    }
    batches.push(batch);
    for (const { sensor, publicKey } of batch.enrolled) {
      const id = toHex(sensor);
      if (sensors.get(id)?.state === 'revoked') continue;
      sensors.set(id, { state: 'enrolled', publicKey, batch: batch.sequence });
    }
    for (const sensor of batch.revoked) {
      const known = sensors.get(toHex(sensor));
      if (known !== undefined) {
        sensors.set(toHex(sensor), { ...known, state: 'revoked', batch: batch.sequence });
      }
    }
  }
  return { authority, batches, sensors };
}

/**
 * The batches that make the changes, as many as it takes; the last of them closes the list.
 * @returns the signed documents, in order
 */
export async function nextBatches(
  log: RosterLog,
  { enrol, revoke, streams }: RosterChanges,
  signer: Signer,
  verifier: Verifier,
): Promise<readonly RosterBatch[]> {
  const made: RosterBatch[] = [];
  const parts = Math.ceil(Math.max(enrol.length, revoke.length) / ROSTER_CHANGES_MAX);
  for (let part = 0; part < parts; part++) {
    const [from, to] = [part * ROSTER_CHANGES_MAX, (part + 1) * ROSTER_CHANGES_MAX];
    const document = await signRosterBatch(
      {
        format: 1,
        authority: log.authority,
        sequence: log.batches.length + made.length + 1,
        previous: (made.at(-1) ?? log.batches.at(-1))?.hash ?? null,
        streams,
        enrol: enrol.slice(from, to).map(toBase64Url),
        revoke: revoke.slice(from, to),
      },
      signer,
    );
    // Opened like a node will, so that no batch is kept that every node would refuse.
    made.push(await openRosterBatch(document, verifier));
  }
  return made;
}
