import type { ReceivedParcel } from '../../../sensor-client/flag-calls.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { type Partition, partitionOf } from '../../../src/ring/index.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison } from '../comparison.ts';
import { inFlight } from '../in-flight.ts';
import { uploadCoalesced, uploadRate } from '../upload-rate.ts';

export interface CoalescedSize {
  readonly readings: number;
  readonly inFlight: number;
}

/** What the two-phase commit costs where readings under way together share their requests. */
export function commitCoalescedRow(scene: ClusterScene, size: CoalescedSize): Comparison {
  const { sensor, uploader } = scene;
  const texts = benchReadings(size.readings);
  return {
    name: 'commit-coalesced',
    unit: 'readings per second',
    peerName: 'the same UPLOADs without flags',
    target: 'recorded',
    note: `${size.inFlight} readings in flight share requests`,
    ours: () => uploadRate(scene, texts, (window) => uploadCoalesced([sensor], texts, window, size.inFlight)),
    peer: () =>
      uploadRate(scene, texts, async (window) => {
        const entries: ReceivedParcel[] = [];
        let partition: Partition | undefined;
        await inFlight(texts.length, size.inFlight, async (index) => {
          // As uploadMany does: a new partition for every so many readings.
          if (index % size.inFlight === 0) partition = partitionOf(cryptoRandomBytes(2));
          entries.push(await uploader.upload(window, texts[index] ?? '', partition));
        });
        return entries;
      }),
  };
}
