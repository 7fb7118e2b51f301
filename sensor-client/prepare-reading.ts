import { encodeElements } from '../src/arithmetic/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { groupNamed } from '../src/protocol/stream-groups.ts';
import type { WindowId } from '../src/ring/index.ts';
import { windowId } from '../src/ring/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import { encodeReading, encodeReadings } from '../src/sharing/index.ts';
import type { FlushPlace } from './flush.ts';
import type { SensorIdentity, SensorKeys } from './identity.ts';
import { identityOf } from './identity.ts';
import type { SignalFan } from './jobs.ts';
import type { Measured } from './split-shares.ts';
import type { UploadManyOptions } from './upload-many.ts';
import type { UploaderContext } from './upload-reading.ts';
import { beforeDeadline, readDeadline, readTime } from './upload-reading.ts';

/** A reading that is ready to be split. */
export interface Prepared {
  readonly place: Pick<FlushPlace, 'window' | 'group' | 'deadlineMs'>;
  readonly measured: Measured;
  readonly sensor: SensorIdentity;
  readonly measurement: string | undefined;
}

/** @throws EngineError as `Sensor.upload` does before anything is sent */
export type PrepareReading = (reading: Reading, index: number) => Prepared | Promise<Prepared>;

/** Encodes readings and finds out where each goes; most need nothing that has to be waited for. */
export function createPreparer(
  context: UploaderContext,
  document: StreamDocument,
  options: UploadManyOptions,
  fan: SignalFan,
): PrepareReading {
  const { directory, clock } = context;
  const identities = new Map<SensorKeys, SensorIdentity>();

  function sensorOf(keys: SensorKeys | undefined): SensorIdentity {
    if (keys === undefined) return context.sensor;
    const known = identities.get(keys) ?? identityOf(keys);
    identities.set(keys, known);
    return known;
  }

  /** What has to be waited for: the window, its ring document, and the keys. */
  async function found(
    window: WindowId | Promise<WindowId>,
    keys: SensorKeys | undefined | Promise<SensorKeys>,
    deadlineMs: number,
  ): Promise<{ readonly at: WindowId; readonly own: SensorKeys | undefined }> {
    const inTime = <T>(work: T | Promise<T>) =>
      fan.run((signal) => beforeDeadline(clock, work, deadlineMs, signal));
    const reached = async () => {
      const at = await inTime(window);
      await inTime(directory.reach(at));
      return at;
    };
    // Both at once: keys that fail while nobody listens yet would end the process.
    const [at, own] = await Promise.all([reached(), inTime(keys)]);
    return { at, own: own ?? options.keys };
  }

  return (reading, index) => {
    const deadlineMs = readDeadline(options.deadlineMs);
    const measured = { vectors: encodeOne(document, reading), vectorCount: 1, count: 1 };
    const { group } = groupNamed(
      document,
      options.groupOf?.(index) ?? options.group ?? context.group ?? null,
    );
    const measurement = options.measurementOf?.(index) ?? options.measurement;
    const keys = options.keysOf?.(index) ?? options.keys;
    const given = options.window ?? context.window;
    const window =
      given === undefined
        ? directory.window(group, readTime(options.atOf?.(index) ?? options.at))
        : windowId(given);
    if (!(window instanceof Promise) && !(keys instanceof Promise)) {
      const reached = directory.reach(window);
      if (!(reached instanceof Promise)) {
        return { place: { window, group, deadlineMs }, measured, sensor: sensorOf(keys), measurement };
      }
    }
    return found(window, keys, deadlineMs).then(({ at, own }) => ({
      place: { window: at, group, deadlineMs },
      measured,
      sensor: sensorOf(own),
      measurement,
    }));
  };
}

function encodeOne(document: StreamDocument, reading: Reading): Uint8Array {
  try {
    return encodeReadings(document, [reading]);
  } catch {
    // The same refusal without a place in a list.
    return encodeElements(encodeReading(document, reading));
  }
}
