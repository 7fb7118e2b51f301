import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison } from '../comparison.ts';
import type { BestConnections } from '../peers/best-connections.ts';
import { trialNote } from '../peers/best-connections.ts';
import type { PlainEndpoint } from '../peers/plain-client.ts';
import { uploadCoalesced, uploadLone, uploadRate } from '../upload-rate.ts';

export interface AgainstPlain {
  readonly name: string;
  readonly target: string;
  readonly readings: number;
  /** The plain endpoint is faster and needs more readings for a figure. */
  readonly plainReadings: number;
  readonly inFlight: number;
}

/** Programs are warm for what they have done: readings of this kind, with more in flight so that it takes less long. */
export interface LoneRow extends AgainstPlain {
  /** Of the plain endpoint, where the row has looked for the best number of them. */
  readonly connections?: BestConnections;
  readonly warmUp: { readonly readings: number; readonly inFlight: number };
}

const PLAIN = 'plain Fastify + Level endpoint, JSON, one reading per request, group commit, https';
const DIFFERENCE = 'the plain endpoint keeps every reading readable, in one place, in one copy';

/** Sensors that send one reading at a time, each over connections of its own. */
export function loneRow(scene: ClusterScene, plain: PlainEndpoint, row: LoneRow): Comparison {
  const work = `${row.inFlight} sensors, each with connections of its own and one reading under way`;
  return loneComparison(scene, plain, row, { work, fleetOf: scene.fleet, relayed: false });
}

/**
 * The same, each handing its readings to one node in one request. A sensor's first reading of a manual window speaks to every
 * domain, and comes before the clock starts.
 */
export function loneRelayRow(scene: ClusterScene, plain: PlainEndpoint, row: LoneRow): Comparison {
  const work = `${row.inFlight} sensors with one reading under way, each in one request to one node`;
  return loneComparison(scene, plain, row, { work, fleetOf: scene.relayedFleet, relayed: true });
}

interface LoneForm {
  readonly work: string;
  readonly fleetOf: ClusterScene['fleet'];
  readonly relayed: boolean;
}

function loneComparison(
  scene: ClusterScene,
  plain: PlainEndpoint,
  row: LoneRow,
  { work, fleetOf, relayed }: LoneForm,
): Comparison {
  const upload = async (readings: number, inFlight: number) => {
    const texts = benchReadings(readings);
    const sensors = await fleetOf(inFlight);
    const first = benchReadings(relayed ? inFlight : 0);
    return uploadRate(scene, texts, (window) => uploadLone(sensors, texts, window), {
      texts: first,
      upload: (window) => uploadLone(sensors, first, window),
    });
  };
  return {
    ...headOf(row, row.connections === undefined ? work : `${work}; ${trialNote(row.connections)}`),
    ours: () => upload(row.readings, row.inFlight),
    warmUp: () => upload(row.warmUp.readings, row.warmUp.inFlight),
    peer: peerOf(plain, row),
  };
}

/** One SDK with many readings under way, which share requests. */
export function coalescedRow(scene: ClusterScene, plain: PlainEndpoint, row: AgainstPlain): Comparison {
  const texts = benchReadings(row.readings);
  return {
    ...headOf(row, `${row.inFlight} readings in flight in one SDK`),
    ours: () =>
      uploadRate(scene, texts, (window) => uploadCoalesced([scene.sensor], texts, window, row.inFlight)),
    peer: peerOf(plain, row),
  };
}

function headOf({ name, target }: AgainstPlain, work: string) {
  return { name, target, unit: 'readings per second', peerName: PLAIN, note: `${work}; ${DIFFERENCE}` };
}

function peerOf(
  plain: PlainEndpoint,
  { plainReadings, inFlight, connections }: AgainstPlain & Pick<LoneRow, 'connections'>,
): Comparison['peer'] {
  const texts = benchReadings(plainReadings);
  return () => plain.upload(texts, inFlight, connections?.best);
}
