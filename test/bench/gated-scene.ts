import type { Operator } from '../../operator-cli/operator/index.ts';
import { createSensor, type Sensor } from '../../sensor-client/index.ts';
import { signerFromPem, systemClock } from '../../src/platform/index.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { SensorBundle } from '../../src/ring/index.ts';
import type { StreamWindows } from './stream-windows.ts';
import { createStreamWindows } from './stream-windows.ts';

/** Gateways of the stream: enough for a gate, so that it counts them and then releases. */
const SENSORS = 16;

export interface GatedSceneOptions {
  readonly bundle: SensorBundle;
  readonly operator: Operator;
  readonly operatorKeyPem: string;
  readonly payload: StreamPayload;
}

/** A stream whose readings are not public in a running cluster: every domain counts its sensors before it releases. */
export interface GatedScene extends StreamWindows {
  readonly sensors: readonly Sensor[];
  close(): Promise<void>;
}

export async function openGatedScene(options: GatedSceneOptions): Promise<GatedScene> {
  const { bundle, operator, operatorKeyPem } = options;
  const payload = { ...options.payload, name: 'gated', publicData: false, minSensors: SENSORS };
  const { stream } = await operator.putStream(await signStream(payload, signerFromPem(operatorKeyPem)));
  const sensors: Sensor[] = [];
  for (let i = 0; i < SENSORS; i++) {
    const policy = { allowDevelopment: true, allowOpenEnrolment: true };
    sensors.push(await createSensor({ bundle, stream: stream.hash, policy }));
  }
  return {
    ...createStreamWindows(operator, stream, systemClock()),
    sensors,
    async close() {
      await Promise.all(sensors.map((sensor) => sensor.close()));
    },
  };
}
