import type { ReceivedParcel } from '../../../sensor-client/flag-calls.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison } from '../comparison.ts';
import { inFlight } from '../in-flight.ts';
import { DEADLINE_MS, uploadRate } from '../upload-rate.ts';

export interface LoneSize {
  readonly readings: number;
  readonly inFlight: number;
}

/** What the two-phase commit costs where every reading makes requests of its own. */
export function commitLoneRow(scene: ClusterScene, size: LoneSize): Comparison {
  const { sensor, uploader } = scene;
  const texts = benchReadings(size.readings);
  const reading = (index: number): string => texts[index] ?? '';
  return {
    name: 'commit-lone',
    unit: 'readings per second',
    peerName: 'the same UPLOADs without flags',
    target: 'recorded',
    note: `${size.inFlight} readings in flight in one SDK, those of one moment in one partition; without flags a share that is lost makes the sum wrong`,
    ours: () =>
      uploadRate(scene, texts, async (window) => {
        await inFlight(texts.length, size.inFlight, (index) =>
          sensor.upload(reading(index), { window, deadlineMs: DEADLINE_MS }),
        );
        return [];
      }),
    peer: () =>
      uploadRate(scene, texts, async (window) => {
        const entries: ReceivedParcel[] = [];
        await inFlight(texts.length, size.inFlight, async (index) => {
          entries.push(await uploader.upload(window, reading(index), undefined));
        });
        return entries;
      }),
  };
}
