import type { SensorKeys } from '../../sensor-client/index.ts';
import { createSensorKeys } from '../../sensor-client/index.ts';
import { toBase64Url } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing, nodeVerifier, signerFromPem } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Clock } from '../../src/ports/index.ts';
import { nextBatches, openRosterLog, pushRoster, requireReached } from '../authority/index.ts';
import type { ClusterMaterial } from '../cluster/index.ts';
import { transportTargets } from '../transport-targets.ts';

/** Makes the keys of the demo's sensors; on a device this is `m-cloud-sensor keygen`. */
export async function makeSensors(count: number): Promise<readonly SensorKeys[]> {
  const ports = { sealing: nodeSealing, randomBytes: cryptoRandomBytes };
  const keys: SensorKeys[] = [];
  for (let i = 0; i < count; i++) keys.push(await createSensorKeys(ports));
  return keys;
}

/**
 * Enrols the sensors as the cluster's development authority, at every node.
 * @throws EngineError when no node of some domain took the log
 */
export async function enrolSensors(
  { ring, authority }: ClusterMaterial,
  sensors: readonly SensorKeys[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const log = await openRosterLog(toBase64Url(authority.publicKey), [], nodeVerifier);
  const changes = { enrol: sensors.map(({ publicKey }) => publicKey), revoke: [], streams: null };
  const batches = await nextBatches(log, changes, signerFromPem(authority.privateKeyPem), nodeVerifier);
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  try {
    const ports = { transport, clock, randomBytes: cryptoRandomBytes };
    requireReached(await pushRoster(ports, ring, batches, signal));
  } finally {
    await transport.close();
  }
}
