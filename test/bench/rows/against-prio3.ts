import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison } from '../comparison.ts';
import { prio3Shard, prio3Verify } from '../peers/prio3.ts';
import { uploadCoalesced, uploadRate } from '../upload-rate.ts';
import { splitAndSealSample } from './split.ts';

const DIFFERENCE =
  'Prio3 proves that every reading is within bounds and needs one honest aggregator of two; ours proves nothing of the kind';

/** A sensor's own work on one reading. */
export function splitAgainstPrio3Row(readings: number, prio3Readings: number): Comparison {
  const texts = benchReadings(readings);
  const few = benchReadings(prio3Readings);
  return {
    name: 'client-cpu',
    unit: 'microseconds of CPU per reading',
    peerName: '@divviup/prio3 Prio3SumVec (x, x^2), shard for 2 aggregators',
    target: '<= 0.005',
    note: `from a reading's text to its shares for 3 domains, sealed in flushes of 512; ${DIFFERENCE}`,
    ours: () => splitAndSealSample(texts),
    peer: () => prio3Shard(few),
  };
}

export interface NodeCpuSize {
  readonly readings: number;
  readonly prio3Readings: number;
  readonly inFlight: number;
}

/** The work of all nodes on one reading. */
export function nodesAgainstPrio3Row(scene: ClusterScene, size: NodeCpuSize): Comparison {
  const texts = benchReadings(size.readings);
  const few = benchReadings(size.prio3Readings);
  return {
    name: 'node-cpu',
    unit: 'microseconds of CPU per reading',
    peerName: '@divviup/prio3 Prio3SumVec (x, x^2), verify by 2 aggregators, nothing stored or sent',
    target: '<= 0.03',
    note: `all nodes together, ${size.inFlight} readings in flight in one SDK, TLS and disk included; ${DIFFERENCE}`,
    ours: async () => {
      const sample = await uploadRate(scene, texts, (window) =>
        uploadCoalesced([scene.sensor], texts, window, size.inFlight),
      );
      return { amount: sample.nodeCpuMicros, exact: sample.exact };
    },
    peer: () => prio3Verify(few),
  };
}
