import { createSensor, createSensorKeys, type Sensor, type SensorKeys } from '../../sensor-client/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { windowId } from '../../src/ring/index.ts';
import type { Random } from '../simulation/kernel/random.ts';
import type { ProcessCluster } from './cluster.ts';
import { type Fate, READINGS_PER_WINDOW, type ReadingRecord, readingAt } from './readings.ts';

/** Windows that are open before they are needed, so that opening one is never what a reading waits for. */
const WINDOWS_AHEAD = 3;
/** Readings under way at once; beyond it the next one waits, as it would in a sensor. */
const UNDER_WAY_MAX = 96;
/** Windows that wait for their result; beyond it uploads wait too, or memory would not. */
const BACKLOG_MAX = 40;
const SENSORS = 4;
const DEADLINE_MS = 30_000;
/** Longer than any run: what seals a window is always its operator. */
const LATEST_MS = 6 * 3_600_000;
const OPEN_ATTEMPTS_MAX = 60;
const OPEN_PAUSE_MS = 250;

/** What a sensor may hear while no more than the planned nodes are away. */
const EXPECTED: readonly string[] = [
  'READING_ERRORED',
  'READING_UNDECIDED',
  'READING_ABORTED',
  'DEADLINE_EXCEEDED',
];

/** A window all of whose readings have ended, one way or another. */
export interface FinishedWindow {
  readonly window: WindowId;
  readonly records: readonly ReadingRecord[];
}

export interface TrafficOptions {
  readonly cluster: ProcessCluster;
  readonly random: Random;
  /** Readings that begin in a second. */
  readonly perSecond: number;
  /** Called with every window once; how many are not audited yet slows the traffic down. */
  readonly onWindow: (finished: FinishedWindow) => void;
  readonly backlog: () => number;
  /** Told of what must not happen here: an error that is not an answer. */
  readonly violation: (text: string) => void;
}

/** Continuous uploads through the SDK, window after window, however the nodes fare. */
export interface Traffic {
  /** Times of all commits so far, ms, ascending. */
  readonly commits: readonly number[];
  /** Readings that have ended, of all windows. */
  readonly ended: readonly ReadingRecord[];
  /** Ends the traffic: nothing new begins; resolves when all that is under way has ended. */
  stop(): Promise<void>;
  /** What became of a flag; null where nobody answers. */
  outcome(flagKey: string): Promise<string | null>;
  close(): Promise<void>;
}

interface Filling {
  readonly window: WindowId;
  readonly records: ReadingRecord[];
  begun: number;
}

export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const { cluster, random, perSecond, onWindow, backlog, violation } = options;
  const clock = systemClock();
  const commits: number[] = [];
  const ended: ReadingRecord[] = [];
  const ahead: Promise<WindowId>[] = [];
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  const devices = await Promise.all(Array.from({ length: 16 }, () => createSensorKeys()));
  const sensors = await Promise.all(
    Array.from({ length: SENSORS }, () =>
      createSensor({
        bundle: cluster.material.sensorBundle,
        stream: cluster.stream.hash,
        policy: { allowDevelopment: true },
      }),
    ),
  );
  let nextWindow = clock.now() - LATEST_MS;
  let turn = 0;

  async function openWindow(): Promise<WindowId> {
    const window = windowId(nextWindow++);
    const terms = { window, notBefore: window, latest: clock.now() + LATEST_MS };
    for (let attempt = 1; ; attempt++) {
      try {
        await cluster.operator.openWindow(cluster.stream, terms);
        return window;
      } catch (error) {
        if (!(error instanceof EngineError) || attempt >= OPEN_ATTEMPTS_MAX) throw error;
        await clock.sleep(OPEN_PAUSE_MS);
      }
    }
  }

  async function nextFilling(): Promise<Filling> {
    while (ahead.length < WINDOWS_AHEAD) {
      const opening = openWindow();
      // Nobody waits for it yet; who takes it learns of the failure.
      opening.catch(() => {});
      ahead.push(opening);
    }
    const window = await ahead.shift();
    if (window === undefined) throw new Error('expected a window ahead');
    return { window, records: [], begun: 0 };
  }

  async function upload(filling: Filling, index: number): Promise<void> {
    const sensor = sensors[turn++ % sensors.length];
    const keys = random.pick(devices);
    if (sensor === undefined) throw new Error('expected a sensor');
    const startedAt = clock.now();
    const told = await fateOf(sensor, filling.window, index, keys, violation);
    const record = { index, startedAt, endedAt: clock.now(), ...told };
    if (told.fate === 'committed') commits.push(record.endedAt);
    ended.push(record);
    filling.records.push(record);
    if (filling.records.length === READINGS_PER_WINDOW) onWindow(filling);
  }

  async function run(): Promise<void> {
    let filling = await nextFilling();
    let dueAt = clock.now();
    while (!stopping.signal.aborted) {
      if (filling.begun === READINGS_PER_WINDOW) filling = await nextFilling();
      const one: Promise<void> = upload(filling, filling.begun++)
        .catch((fault: unknown) => violation(`an upload failed with ${String(fault)}`))
        .then(() => void underWay.delete(one));
      underWay.add(one);
      dueAt += 1_000 / perSecond;
      // Time that was lost to waiting isn't made up for: a burst would hide what the nodes do.
      dueAt = Math.max(dueAt, clock.now());
      await clock.sleep(dueAt - clock.now(), stopping.signal).catch(() => {});
      while (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
      while (backlog() >= BACKLOG_MAX && !stopping.signal.aborted) {
        await clock.sleep(OPEN_PAUSE_MS, stopping.signal).catch(() => {});
      }
    }
    await Promise.all(underWay);
    await Promise.allSettled(ahead);
    // The window that was being filled has as many readings as it got.
    if (filling.records.length < READINGS_PER_WINDOW && filling.records.length > 0) onWindow(filling);
  }

  const running = run();
  running.catch(() => {});
  return {
    commits,
    ended,
    async stop() {
      stopping.abort();
      await running;
    },
    async outcome(flagKey) {
      try {
        return (await sensors[0]?.outcome(flagKey)) ?? null;
      } catch (error) {
        if (error instanceof EngineError) return null;
        throw error;
      }
    },
    async close() {
      stopping.abort();
      await Promise.all(sensors.map((sensor) => sensor.close()));
    },
  };
}

async function fateOf(
  sensor: Sensor,
  window: WindowId,
  index: number,
  keys: SensorKeys,
  violation: (text: string) => void,
): Promise<Pick<ReadingRecord, 'fate' | 'flagKey' | 'code'>> {
  try {
    const { flagKey } = await sensor.upload(readingAt(index), { window, keys, deadlineMs: DEADLINE_MS });
    return { fate: 'committed', flagKey, code: null };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { code, details } = error;
    // Nodes that come and go make readings late; they refuse none.
    if (!EXPECTED.includes(code)) violation(`an upload failed with ${code}: ${error.message}`);
    const flagKey = typeof details.flagKey === 'string' ? details.flagKey : null;
    const why = details.lastFailure === undefined ? code : `${code} after ${details.lastFailure}`;
    return { fate: fateOfCode(code, details.setSent === true), flagKey, code: why };
  }
}

function fateOfCode(code: string, setSent: boolean): Fate {
  if (code === 'READING_ERRORED') return 'errored';
  if (code === 'READING_UNDECIDED' || (code === 'READING_ABORTED' && setSent)) return 'unknown';
  return 'refused';
}
