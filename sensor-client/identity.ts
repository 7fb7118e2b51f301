import { EngineError } from '../src/foundation/index.ts';
import type { SealingKeyPair } from '../src/ports/index.ts';
import type { SensorId } from '../src/protocol/index.ts';
import { POINT_BYTES, sensorIdOf } from '../src/protocol/index.ts';
import type { SensorPorts } from './ports.ts';

/** A sensor's own P-256 key pair, made on the device. Whoever has it is the sensor. */
export type SensorKeys = SealingKeyPair;

/** A sensor and the id that its public key gives it. */
export interface SensorIdentity {
  readonly sensorId: SensorId;
  readonly keys: SensorKeys;
}

const PRIVATE_KEY_BYTES = 32;

/** @throws EngineError `INVALID_ARGUMENT` for what has not the size of a key pair */
export function identityOf(keys: SensorKeys): SensorIdentity {
  const { publicKey, privateKey } = keys;
  if (publicKey.length !== POINT_BYTES || privateKey.length !== PRIVATE_KEY_BYTES) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected sensor keys of ${POINT_BYTES} and ${PRIVATE_KEY_BYTES} bytes, got ${publicKey.length} and ${privateKey.length}`,
    );
  }
  return { sensorId: sensorIdOf(publicKey), keys };
}

/** Makes the keys of a new sensor. @param ports the real ones of Node where they are not given. */
export async function createSensorKeys(
  ports?: Pick<SensorPorts, 'sealing' | 'randomBytes'>,
): Promise<SensorKeys> {
  const { sealing, randomBytes } = ports ?? (await import('./node-ports.ts')).nodePorts();
  return sealing.deriveKeyPair(randomBytes(32));
}

/**
 * Reads the keys that `m-cloud-sensor keygen` wrote; in Node only.
 * @param pem the text of the file.
 * @throws EngineError `INVALID_ARGUMENT` where it is no P-256 private key
 */
export async function readSensorKeys(pem: string): Promise<SensorKeys> {
  return (await import('./node-ports.ts')).keysFromPem(pem);
}
