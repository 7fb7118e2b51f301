import type { Router } from '../../node/http/router.ts';
import type { NodeSettings } from '../../node/node.ts';
import type { Sensor } from '../../sensor-client/sensor.ts';
import type { UploadManyOptions, UploadSummary } from '../../sensor-client/upload-many.ts';
import type { RandomBytes, Store } from '../../src/ports/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import type { RingMember } from '../support/simulated-ring.ts';

/** Where a reading goes: the start of its window in Unix milliseconds, and its label in a stream that has labels. */
export interface ReadingTarget {
  readonly window: number;
  readonly group?: string;
}

/** What a sensor's program does with the SDK. */
export type UploadProgram = (
  sensor: Sensor,
  reading: Reading,
  target: ReadingTarget,
) => Promise<{ readonly flagKey: string }>;

/** What it does with several readings at once. */
export type FlushProgram = (
  sensor: Sensor,
  readings: readonly Reading[],
  target: ReadingTarget,
  options: Pick<UploadManyOptions, 'keysOf'>,
) => Promise<UploadSummary>;

/** Deliberate faults in the programs themselves: a checker that sees none of them is worth nothing. */
export interface Sabotage {
  /** Stands between a node and its disk. */
  readonly store?: (store: Store) => Store;
  /** Stands between a node and whoever asks it. */
  readonly publicRouter?: (router: Router, member: RingMember) => Router;
  /** Stands between a node and the other nodes. */
  readonly peerRouter?: (router: Router, member: RingMember) => Router;
  readonly upload?: UploadProgram;
  /** Stands between a sensor and its generator. */
  readonly drawing?: (random: RandomBytes) => RandomBytes;
  /** Stands between a domain's settings and its nodes. */
  readonly settings?: (settings: NodeSettings) => NodeSettings;
}
