import { createElementPool } from '../src/arithmetic/index.ts';
import { toHex, untilAborted } from '../src/foundation/index.ts';
import type { Outcome } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { groupNamed } from '../src/protocol/stream-groups.ts';
import type { SensorBundle } from '../src/ring/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import { encodeReading } from '../src/sharing/index.ts';
import { askOutcome } from './ask-outcome.ts';
import { createDirectory } from './directory.ts';
import { createFlagCalls } from './flag-calls.ts';
import { parseFlagKey } from './flag-key-text.ts';
import { createHomes } from './homes.ts';
import type { SensorKeys } from './identity.ts';
import { createSensorKeys, identityOf } from './identity.ts';
import type { Request } from './jobs.ts';
import { createJobs } from './jobs.ts';
import type { Measurements } from './measurements.ts';
import { createMeasurements } from './measurements.ts';
import type { SensorMemory } from './memory.ts';
import { openMemory } from './memory.ts';
import { readStreamHash } from './names.ts';
import { createPacketMaker } from './packet-maker.ts';
import type { SensorPolicy } from './policy.ts';
import { checkPolicy } from './policy.ts';
import type { SensorPorts } from './ports.ts';
import type { RecordingOptions, RecordOptions } from './recorder.ts';
import { createRecorder } from './recorder.ts';
import { createSilentNodes } from './silent-nodes.ts';
import { createStanding } from './standing.ts';
import type { CommittedBatch } from './upload-batch.ts';
import { uploadBatch } from './upload-batch.ts';
import type { UploadManyOptions, UploadSummary } from './upload-many.ts';
import { uploadMany } from './upload-many.ts';
import type { Committed, UploaderContext, UploadOptions } from './upload-reading.ts';
import { uploadReading } from './upload-reading.ts';

export interface SensorOptions {
  /** `sensor.json`: the ring document and the keys the sensor believes. */
  readonly bundle: SensorBundle;
  /** Hash of the stream document, 64 hex digits: what the sensor agreed to, by name. */
  readonly stream: string;
  /** Who uploads: the sensor's own keys; made at random where they are not given. */
  readonly keys?: SensorKeys;
  /** Start of the window for every reading, Unix milliseconds; else the one of the reading's time. */
  readonly window?: number;
  /** Label of every reading, one of those that the stream declares. Whoever names one agrees that it is public. */
  readonly group?: string;
  /**
   * Whether `upload` hands a reading to one node, which brings it to the others, instead of speaking to every domain: true where
   * it is not given. The shares are sealed to their domains and it is they who answer, so that the node needs no trust. It does so where
   * the sensor's last reading was committed and the window is known to be open; the first one of all, and of a manual window, speaks
   * to every domain itself, as all do with `false`.
   */
  readonly relay?: boolean;
  /** What the sensor agrees to where that is not {@link DEFAULT_POLICY}, the safe side of everything. */
  readonly policy?: Partial<SensorPolicy>;
  /**
   * What the sensor has seen of its ring, kept for its next start. Without it a restart believes the bundle again,
   * however old.
   */
  readonly memory?: SensorMemory;
  /** The same in a file, on Node; `m-cloud-sensor` keeps it beside the bundle. */
  readonly memoryFile?: string;
  /** How `record` uploads. */
  readonly recording?: RecordingOptions;
  /** Shared by the sensors of a program, so that one measurement goes to one stream; else each has its own. */
  readonly measurements?: Measurements;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/** A sensor of one stream. */
export interface Sensor {
  /** What the sensor's public key gives it for a name, 32 hex digits. */
  readonly sensorId: string;
  /** The stream's document, once it is fetched and the policy accepts it. @throws EngineError */
  stream(options?: WaitOptions): Promise<StreamDocument>;
  /**
   * Says whether a reading could be uploaded; sends nothing of it.
   * @throws EngineError `READING_NOT_A_NUMBER`, `READING_TOO_PRECISE`, `READING_OUT_OF_BOUNDS`
   */
  check(reading: Reading, options?: WaitOptions): Promise<void>;
  /**
   * Splits a reading and commits it: resolves only when its flag is TRUE. A relayed reading is a request of its own, however
   * many are under way; those of {@link uploadMany} share requests.
   * @throws EngineError before anything is sent: `READING_NOT_A_NUMBER`, `READING_TOO_PRECISE`,
   * `READING_OUT_OF_BOUNDS`. Certainly in no result: `READING_ERRORED`, `DEADLINE_EXCEEDED`, `WINDOW_NOT_OPEN`
   * where every domain says so for 5 s, `WINDOW_SEALED` and every other refusal. Not known yet: `READING_UNDECIDED`, whose `details.flagKey` goes to {@link outcome} and whose
   * `details.refusal` is the code of what nodes refused it with, if they did.
   * `READING_ABORTED` is one or the other, see `details.setSent`. `MEASUREMENT_USED` where the measurement was named
   * before.
   */
  upload(reading: Reading, options?: UploadOptions): Promise<Committed>;
  /**
   * Uploads readings of a gateway under one flag, where the stream takes batches: atomic, all of them are in the result
   * or none. At most 4,096, and as many as fit into one request; how many there are is public.
   * @throws EngineError as `upload` does, a refused reading with its place in `details.index`; `STREAM_REFUSED` for a
   * stream that takes none, `INVALID_ARGUMENT` for too many readings
   */
  uploadBatch(readings: readonly Reading[], options?: UploadOptions): Promise<CommittedBatch>;
  /**
   * Adds a reading to a sum of its window that this sensor keeps, where the stream takes batches; each interval uploads
   * the sums under one flag each, with their counts. Resolves when the reading is added; `flush` and `close` upload too.
   * What cannot be uploaded is kept or told with its number, never dropped in silence. It is in memory only until then.
   * @throws EngineError as `upload` does before anything is sent; `STREAM_REFUSED`, `RECORDS_UNSENT` when too much is kept
   */
  record(reading: Reading, options?: RecordOptions & WaitOptions): Promise<void>;
  /**
   * Uploads what was recorded.
   * @throws EngineError `RECORDS_UNSENT`: `details.kept`, `undecided` and `lost` readings were not committed, the first
   * are tried again, the second have their `flagKeys`, the last are in no result
   */
  flush(): Promise<void>;
  /** Uploads many readings, or batches of them, a bounded number at a time. Failures are counted and listed, never thrown. */
  uploadMany(
    readings: Iterable<Reading> | AsyncIterable<Reading>,
    options?: UploadManyOptions,
  ): Promise<UploadSummary>;
  /**
   * What became of a flag. UNDECIDED is no outcome: ask again.
   * @param flagKey as `details.flagKey` of a failure has it.
   * @throws EngineError `INVALID_ARGUMENT`, `UNREACHABLE` and other failures of the request
   */
  outcome(flagKey: string, options?: WaitOptions): Promise<Outcome>;
  /**
   * Uploads what was recorded, stops what else is under way and closes the connections. Idempotent.
   * @throws EngineError `RECORDS_UNSENT` once all is closed
   */
  close(): Promise<void>;
}

/**
 * Opens a sensor: checks the bundle's ring document under its pinned keys and the policy. Nothing is sent yet.
 * @param ports the real ones of Node where they are not given.
 * @throws EngineError `RING_REFUSED`, `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`
 */
export async function createSensor(options: SensorOptions, ports?: SensorPorts): Promise<Sensor> {
  const real = ports ?? (await import('./node-ports.ts')).nodePorts();
  const { clock, randomBytes, verifier, sealing, connect } = real;
  const sensor = identityOf(options.keys ?? (await createSensorKeys(real)));
  const stream = readStreamHash(options.stream);
  checkPolicy(options.policy ?? {});
  const jobs = createJobs();
  const request: Request = (work) => jobs.run(undefined, work);
  const directory = createDirectory({
    seen: await openMemory(options.bundle, await memoryOf(options), verifier),
    stream,
    policy: { ...(options.group === undefined ? {} : { allowGroups: true }), ...options.policy },
    clock,
    randomBytes,
    verifier,
    transport: () => transport,
    request,
  });
  const transport = connect((nodeId) => directory.target(nodeId));
  const packets = createPacketMaker({
    sealing,
    randomBytes,
    stream: async () => (await directory.stream()).document,
    domainOf: directory.domainOf,
  });
  const calls = createFlagCalls({ transport, clock, packets, request, wait: jobs.wait });
  const context: UploaderContext = {
    directory,
    calls,
    silent: createSilentNodes(clock),
    clock,
    randomBytes,
    expand: sealing.expand,
    pool: createElementPool(randomBytes),
    measurements: options.measurements ?? createMeasurements(),
    stream,
    sensor,
    homes: createHomes(randomBytes),
    relay: options.relay !== false,
    standing: createStanding(),
    ...(options.window === undefined ? {} : { window: options.window }),
    ...(options.group === undefined ? {} : { group: options.group }),
  };
  const recorder = createRecorder(context, jobs, options.recording ?? {});
  let closed: Promise<void> | undefined;

  const streamOf = (signal: AbortSignal | undefined) =>
    jobs.run(signal, (own) => untilAborted(directory.stream(), own));

  return {
    sensorId: toHex(sensor.sensorId),
    stream: async ({ signal } = {}) => (await streamOf(signal)).document,
    async check(reading, { signal } = {}) {
      encodeReading((await streamOf(signal)).document, reading);
    },
    upload: (reading, own = {}) =>
      jobs.run(own.signal, (signal) => uploadReading(context, reading, own, signal)),
    uploadBatch: (readings, own = {}) =>
      jobs.run(own.signal, (signal) => uploadBatch(context, readings, own, signal)),
    record: (reading, { signal, ...own } = {}) =>
      jobs.run(signal, (both) => recorder.record(reading, own, both)),
    flush: recorder.flush,
    uploadMany: (readings, many = {}) =>
      jobs.run(many.signal, async (signal) => {
        // A stream that is refused, or has no open window, is one failure and not one of every reading.
        const { document } = await untilAborted(directory.stream(), signal);
        const each = many.window ?? options.window ?? many.atOf ?? many.groupOf;
        if (each === undefined) {
          const { group } = groupNamed(document, many.group ?? options.group ?? null);
          await untilAborted(directory.window(group, many.at), signal);
        }
        return uploadMany(context, readings, many, signal);
      }),
    async outcome(text, { signal } = {}) {
      const key = parseFlagKey(text);
      return jobs.run(signal, (own) => askOutcome(context, key, own));
    },
    close() {
      closed ??= recorder.close().finally(() => jobs.close().then(() => transport.close()));
      return closed;
    },
  };
}

async function memoryOf({ memory, memoryFile }: SensorOptions): Promise<SensorMemory | undefined> {
  if (memory !== undefined || memoryFile === undefined) return memory;
  return (await import('./node-ports.ts')).fileMemory(memoryFile);
}
