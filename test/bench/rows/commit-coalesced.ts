import type { ReceivedParcel } from '../../../sensor-client/flag-calls.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison } from '../comparison.ts';
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
    note: `${size.inFlight} readings in flight share requests; without flags a share that is lost makes the sum wrong`,
    ours: () => uploadRate(scene, texts, (window) => uploadCoalesced([sensor], texts, window, size.inFlight)),
    peer: () =>
      uploadRate(scene, texts, async (window) => {
        const entries: ReceivedParcel[] = [];
        // As uploadMany does: all that is in flight as one flush.
        for (let at = 0; at < texts.length; at += size.inFlight) {
          entries.push(await uploader.uploadTogether(window, texts.slice(at, at + size.inFlight)));
        }
        return entries;
      }),
  };
}
