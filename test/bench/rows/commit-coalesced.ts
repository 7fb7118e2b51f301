import type { ReceivedParcel } from '../../../sensor-client/flag-calls.ts';
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
        // As uploadMany does: two flushes under way, each half of what is in flight.
        const flush = Math.ceil(size.inFlight / 2);
        await inFlight(Math.ceil(texts.length / flush), 2, async (index) => {
          entries.push(
            await uploader.uploadTogether(window, texts.slice(index * flush, (index + 1) * flush)),
          );
        });
        return entries;
      }),
  };
}
