import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison, RowHead, Sample } from '../comparison.ts';
import type { JiffParties } from '../peers/jiff.ts';
import { POSTGRES_CONNECTIONS, type Postgres } from '../peers/postgres.ts';
import { uploadCoalesced, uploadRate } from '../upload-rate.ts';

export interface SystemSize {
  readonly readings: number;
  readonly peerReadings: number;
  readonly inFlight: number;
}

export const jiffHead = ({ inFlight }: SystemSize): RowHead => ({
  name: 'jiff',
  unit: 'readings per second',
  peerName: 'jiff-mpc, 3 parties: share, add, open',
  target: '>= 30',
  note: `${inFlight} readings in flight in one SDK; jiff-mpc adds x alone in a field of 24 bits, keeps nothing on disk and sends without TLS`,
});

export const postgresHead = ({ inFlight }: SystemSize): RowHead => ({
  name: 'postgres',
  unit: 'readings per second',
  peerName: `PostgreSQL 15, one-row inserts through node-postgres, TLS, ${POSTGRES_CONNECTIONS} connections`,
  target: '>= 3',
  note: `${inFlight} readings in flight in one SDK; PostgreSQL keeps every reading readable, in one place, in one copy`,
});

export function jiffRow(scene: ClusterScene, jiff: JiffParties, size: SystemSize): Comparison {
  const texts = benchReadings(size.peerReadings);
  return { ...jiffHead(size), ours: coalesced(scene, size), peer: () => jiff.sum(texts) };
}

export function postgresRow(scene: ClusterScene, postgres: Postgres, size: SystemSize): Comparison {
  const texts = benchReadings(size.peerReadings);
  return {
    ...postgresHead(size),
    ours: coalesced(scene, size),
    peer: () => postgres.upload(texts, POSTGRES_CONNECTIONS),
  };
}

/** Without the CPU time: the peers' processes are not measured. */
function coalesced(scene: ClusterScene, { readings, inFlight }: SystemSize): () => Promise<Sample> {
  const texts = benchReadings(readings);
  return async () => {
    const { amount, exact } = await uploadRate(scene, texts, (window) =>
      uploadCoalesced([scene.sensor], texts, window, inFlight),
    );
    return { amount, exact };
  };
}
