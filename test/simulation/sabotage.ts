import type { Router } from '../../node/http/router.ts';
import type { Sensor } from '../../sensor-client/sensor.ts';
import type { Store } from '../../src/ports/index.ts';
import type { RingMember } from '../support/simulated-ring.ts';

/** What a sensor's program does with the SDK; the window is named by its start in Unix milliseconds. */
export type UploadProgram = (
  sensor: Sensor,
  reading: string,
  window: number,
) => Promise<{ readonly flagKey: string }>;

/** Deliberate faults in the programs themselves: a checker that sees none of them is worth nothing. */
export interface Sabotage {
  /** Stands between a node and its disk. */
  readonly store?: (store: Store) => Store;
  /** Stands between a node and whoever asks it. */
  readonly publicRouter?: (router: Router, member: RingMember) => Router;
  /** Stands between a node and the other nodes. */
  readonly peerRouter?: (router: Router, member: RingMember) => Router;
  readonly upload?: UploadProgram;
}
