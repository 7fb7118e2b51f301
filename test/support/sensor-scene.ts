import type { SensorPorts } from '../../sensor-client/index.ts';
import { createSensor } from '../../sensor-client/index.ts';
import type { SensorOptions } from '../../sensor-client/sensor.ts';
import { nodeSealing } from '../../src/platform/index.ts';
import type { StreamDocument, StreamPayload } from '../../src/protocol/stream-document.ts';
import { openStreamDocument, signStream } from '../../src/protocol/stream-document.ts';
import type { RingDocument, SensorBundle } from '../../src/ring/index.ts';
import type { RingShape } from './development-ring.ts';
import { developmentRing, fixedKey, testVerifier } from './development-ring.ts';
import { streamPayload } from './development-stream.ts';
import type { HonestNodes, HonestNodesOptions } from './honest-nodes.ts';
import { createHonestNodes } from './honest-nodes.ts';
import type { ManualClock } from './manual-clock.ts';
import { createManualClock } from './manual-clock.ts';

export const WINDOW = 1_700_000_000_000;

export interface SceneOptions extends Partial<Pick<HonestNodesOptions, 'fate' | 'arrives' | 'windows'>> {
  readonly shape?: RingShape;
  readonly stream?: Partial<StreamPayload>;
}

/** Honest nodes, a clock that stands still, and sensors that know them. */
export interface SensorScene {
  readonly clock: ManualClock;
  readonly ring: RingDocument;
  readonly bundle: SensorBundle;
  readonly stream: StreamDocument;
  readonly nodes: HonestNodes;
  readonly ports: SensorPorts;
  sensor(options?: Partial<SensorOptions>): ReturnType<typeof createSensor>;
}

export function bundleOf(ring: RingDocument): SensorBundle {
  return {
    format: 1,
    ring: ring.jws,
    operatorKey: ring.operatorKey,
    domainKeys: Object.fromEntries(ring.domains.map(({ domain, key }) => [domain, key])),
    development: ring.development,
  };
}

/** Bytes that look random and are the same on every run (xorshift32). */
export function fixedRandom(seed = 0x9e3779b9): (length: number) => Uint8Array {
  let state = seed >>> 0 || 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 11) & 0xff;
    });
}

export async function sensorScene(options: SceneOptions = {}): Promise<SensorScene> {
  const clock = createManualClock();
  const ring = await developmentRing(options.shape ?? { nodes: [2, 2, 2] });
  const jws = await signStream({ ...streamPayload(ring), ...options.stream }, fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const { windows = [WINDOW], fate, arrives } = options;
  const nodes = createHonestNodes({
    ring,
    stream,
    clock,
    windows,
    ...(fate === undefined ? {} : { fate }),
    ...(arrives === undefined ? {} : { arrives }),
  });
  const ports: SensorPorts = {
    clock,
    randomBytes: fixedRandom(),
    verifier: testVerifier,
    sealing: nodeSealing,
    connect: () => nodes.transport,
  };
  const bundle = bundleOf(ring);
  return {
    clock,
    ring,
    bundle,
    stream,
    nodes,
    ports,
    // These nodes know the direct form only; relays are tried with real ones.
    sensor: (own = {}) =>
      createSensor(
        { bundle, stream: stream.hash, policy: { allowDevelopment: true }, relay: false, ...own },
        ports,
      ),
  };
}
