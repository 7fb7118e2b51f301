import type { SensorIdentity } from '../../sensor-client/identity.ts';
import type { SensorMemory } from '../../sensor-client/memory.ts';
import type { Sensor } from '../../sensor-client/sensor.ts';
import { createSensor } from '../../sensor-client/sensor.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import { nodeSealing } from '../../src/platform/node-sealing.ts';
import type { Clock, RandomBytes, Transport } from '../../src/ports/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { BATCH_READINGS, type FixedRing } from '../support/simulated-ring.ts';
import type { Fate, ReadingRecord } from './checkers/readings.ts';
import { furtherReading } from './further-fields.ts';
import { besides, type GatewayTerms, gatewayOf } from './gateway.ts';
import { type Kernel, type Life, simulatedClock, startLife } from './kernel/index.ts';
import type { Network } from './network-types.ts';
import type { Plan } from './plan.ts';
import { createRecording, type Recording } from './recording.ts';
import type { FlushProgram, ReadingTarget, UploadProgram } from './sabotage.ts';
import { mortal, type SensorDeath } from './sensor-death.ts';
import { fateOf } from './sensor-programs.ts';

export interface SensorSurroundings extends GatewayTerms {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly ring: FixedRing;
  readonly number: number;
  readonly death: SensorDeath | undefined;
  /** Hash of the stream of a window, by its place in the plan. */
  streamOf(window: number): string;
  /** What a window is for the SDK, by its place in the plan. */
  target(window: number): ReadingTarget;
  /** Whether windows follow from the time of a reading. */
  readonly byTime: boolean;
  readonly drawing: (random: RandomBytes) => RandomBytes;
  readonly program: UploadProgram;
  readonly flushing: FlushProgram;
  /** All sensors that there are, for a gateway that uploads for them. */
  readonly identities: readonly SensorIdentity[];
  /** Hears of every error that the sensor's program is given. */
  told(text: string): void;
  fault(kind: string): void;
  violation(what: string): void;
}

/** One run of a device's program. */
interface SensorProcess {
  readonly life: Life;
  readonly clock: Clock;
  /** Sensors of several streams draw from one generator of their device. */
  readonly randomBytes: RandomBytes;
  readonly transport: Transport;
  readonly underWay: Set<Promise<void>>;
  /** Resolves when it dies. */
  readonly death: Promise<void>;
  /** By the hash of the stream: a sensor of the SDK is one of one stream. */
  readonly opened: Map<string, Promise<Sensor>>;
  /** The same of what its program records. */
  readonly recordings: Map<string, Recording>;
}

export type PlannedFlush = Extract<Plan['operations'][number], { readonly kind: 'flush' }>;

/** A device with the real SDK in it, and what its program was told about every reading. */
export interface SimulatedSensor {
  /** @param window its place in the plan. */
  upload(exponent: number, window: number): void;
  /** Hands over several readings at once. */
  flush(planned: PlannedFlush): void;
  readings(): readonly ReadingRecord[];
  /** Settles when nothing is under way any more; at once for a dead sensor. */
  idle(): Promise<void>;
  /**
   * Asks again what became of the readings whose outcome was unknown.
   * @param excused whether the outcomes of a window may stay unknown.
   */
  askUnknown(excused: (window: number) => boolean): Promise<void>;
}

interface OwnReading {
  fate: Fate;
  flagKey: string | null;
  readonly window: number;
  readonly sensor: number;
  readonly sum?: string;
}

/** Limits of a fixed-length wait for outcomes that were unknown, attempts. */
const OUTCOME_ATTEMPTS_MAX = 50;
const OUTCOME_PAUSE_MS = 2_000;

export function sensorName(number: number): string {
  return `sensor-${number}`;
}

export function startSensor(surroundings: SensorSurroundings): SimulatedSensor {
  const { kernel, network, ring, number, identities, violation } = surroundings;
  const name = sensorName(number);
  const readings = new Map<number, OwnReading>();
  // Most devices hand their readings to one node, all but the first: so both forms are about equally many.
  const relays = kernel.random.fork(`${name} relays`).chance(0.9);
  // Half of them keep what they have seen of their ring in a file; the others believe their bundle at every start.
  const remembers = kernel.random.fork(`${name} remembers`).chance(0.5);
  let memory: string | null = null;
  let starts = 0;
  let running = begin();

  /** One run of the device's program. */
  function begin(): SensorProcess {
    starts += 1;
    const life = startLife(starts === 1 ? name : `${name}#${starts}`);
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const transport = network.transport({ life, name, caller: { kind: 'anonymous' } });
    const dies = (): void => {
      surroundings.fault('sensor death');
      died();
      if (surroundings.death?.backMs !== undefined)
        kernel.schedule(`${name} restarts`, surroundings.death.backMs, restart);
    };
    const process: SensorProcess = {
      life,
      clock: simulatedClock(kernel, life),
      randomBytes: surroundings.drawing(kernel.random.fork(life.name).bytes),
      // Only the first run dies as planned.
      transport: starts === 1 ? mortal(transport, life, surroundings.death, dies) : transport,
      underWay: new Set(),
      death,
      opened: new Map(),
      recordings: new Map(),
    };
    return process;
  }

  function restart(): void {
    surroundings.fault('sensor restart');
    running = begin();
  }

  function memoryOf(life: Life): SensorMemory {
    return {
      load: async () => memory,
      save: async (text) => {
        if (life.alive) memory = text;
      },
    };
  }

  function open(process: SensorProcess, window: number): Promise<Sensor> {
    const stream = surroundings.streamOf(window);
    const known = process.opened.get(stream);
    if (known !== undefined) return known;
    const opening = createSensor(
      {
        bundle: {
          format: 1,
          ring: ring.document.jws,
          operatorKey: ring.operatorKey,
          domainKeys: { ...ring.domainKeys },
          development: true,
        },
        stream,
        keys: fixedSensor(name).keys,
        policy: {
          allowDevelopment: true,
          allowGroups: true,
          allowBatches: true,
          allowSeeds: true,
          elementKinds: ['count', 'moment', 'cell'],
        },
        relay: relays,
        ...(remembers ? { memory: memoryOf(process.life) } : {}),
      },
      {
        clock: process.clock,
        randomBytes: process.randomBytes,
        verifier: nodeVerifier,
        sealing: nodeSealing,
        connect: () => process.transport,
      },
    );
    // A device that could not fetch its documents fetches them again for its next reading.
    opening.catch(() => process.opened.delete(stream));
    process.opened.set(stream, opening);
    return opening;
  }

  async function uploadOne(process: SensorProcess, exponent: number, window: number): Promise<void> {
    begun(exponent, window, number);
    try {
      const sensor = gatewayOf(await open(process, window), surroundings);
      const { flagKey } = await surroundings.program(sensor, named(exponent), surroundings.target(window));
      ended(exponent, 'committed', flagKey);
    } catch (error) {
      failed(exponent, error);
    }
  }

  async function uploadTogether(process: SensorProcess, planned: PlannedFlush): Promise<void> {
    const { exponents, window, gateway } = planned;
    const ownerOf = (place: number) => (gateway ? (number + place) % identities.length : number);
    exponents.forEach((exponent, place) => void begun(exponent, window, ownerOf(place)));
    const keysOf = (place: number) => identities[ownerOf(place)]?.keys ?? fixedSensor(name).keys;
    try {
      const sensor = gatewayOf(await open(process, window), surroundings);
      const target = surroundings.target(window);
      const { failures } = await surroundings.flushing(
        sensor,
        exponents.map(named),
        target,
        gateway ? { keysOf } : {},
      );
      const wrong = new Map(failures.map((one) => [Math.floor(one.index / readingsOfFlag()), one]));
      exponents.forEach((exponent, place) => {
        const one = wrong.get(place);
        if (one === undefined) ended(exponent, 'committed', null);
        else failed(exponent, new EngineError(one.code, one.message, one.details));
      });
    } catch (error) {
      for (const exponent of exponents) failed(exponent, error);
    }
  }

  /** What is recorded together is one sum, whatever becomes of it. */
  async function recordTogether(process: SensorProcess, { exponents, window }: PlannedFlush): Promise<void> {
    for (const exponent of exponents) begun(exponent, window, number, `${name}/${exponents[0]}`);
    const stream = surroundings.streamOf(window);
    const recording = process.recordings.get(stream) ?? createRecording(process.clock, surroundings.byTime);
    process.recordings.set(stream, recording);
    const recorded = exponents.flatMap((exponent) => [named(exponent), ...besides(surroundings)]);
    try {
      const sensor = await open(process, window);
      const { fate, flagKey } = await recording.record(sensor, recorded, surroundings.target(window));
      for (const exponent of exponents) ended(exponent, fate, flagKey);
    } catch (error) {
      for (const exponent of exponents) failed(exponent, error);
    }
  }

  const readingsOfFlag = () => (surroundings.batches ? BATCH_READINGS : 1);

  /** The reading that is 4 to a power. */
  function named(exponent: number): Reading {
    const x = (4n ** BigInt(exponent)).toString();
    return surroundings.moments ? furtherReading(x, exponent) : x;
  }

  function begun(exponent: number, window: number, sensor: number, sum?: string): void {
    const own = sum === undefined ? {} : { sum };
    readings.set(exponent, { fate: 'under way', window, flagKey: null, sensor, ...own });
  }

  function ended(exponent: number, fate: Fate, flagKey: string | null): void {
    const reading = readings.get(exponent);
    if (reading !== undefined) Object.assign(reading, { fate, flagKey });
    kernel.trace.note(kernel.now(), `${name} hears that reading ${exponent} is ${fate}`);
  }

  function failed(exponent: number, error: unknown): void {
    if (!(error instanceof EngineError)) {
      violation(`${name} fails with ${String(error)}`);
      return;
    }
    surroundings.told(`${error.message} ${JSON.stringify(error.details)}`);
    ended(exponent, fateOf(error), String(error.details.flagKey ?? ''));
  }

  /** What a program does goes on for as long as its device runs. */
  function follow(run: (process: SensorProcess) => Promise<void>): void {
    const process = running;
    if (!process.life.alive) return;
    const work = run(process);
    process.underWay.add(work);
    void work.finally(() => process.underWay.delete(work));
  }

  return {
    upload: (exponent, window) => follow((process) => uploadOne(process, exponent, window)),
    flush: (planned) =>
      follow((process) =>
        surroundings.recorded ? recordTogether(process, planned) : uploadTogether(process, planned),
      ),
    readings: () => [...readings].map(([exponent, { flagKey: _, ...reading }]) => ({ exponent, ...reading })),
    async idle() {
      const { life, underWay, death } = running;
      while (life.alive && underWay.size > 0) await Promise.race([death, Promise.all(underWay)]);
    },
    async askUnknown(excused) {
      const { life, clock } = running;
      if (!life.alive) return;
      for (const [exponent, reading] of readings) {
        if (reading.fate !== 'unknown' || !reading.flagKey) continue;
        const sensor = await open(running, reading.window);
        for (let attempt = 0; reading.fate === 'unknown'; attempt++) {
          const outcome = await sensor.outcome(reading.flagKey).catch(() => 'UNDECIDED' as const);
          if (outcome === 'TRUE') reading.fate = 'committed';
          if (outcome === 'ERROR') reading.fate = 'errored';
          if (attempt >= OUTCOME_ATTEMPTS_MAX || (attempt > 0 && excused(reading.window))) {
            if (excused(reading.window)) break;
            violation(`LIVENESS: the outcome of reading ${exponent} stays unknown`);
            break;
          }
          await clock.sleep(OUTCOME_PAUSE_MS);
        }
      }
    },
  };
}
