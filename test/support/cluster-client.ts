import type { ClusterMaterial } from '../../operator-cli/cluster/index.ts';
import { createDevelopmentCluster, givenPorts } from '../../operator-cli/cluster/index.ts';
import { findFreePorts } from '../../operator-cli/embedded/free-ports.ts';
import type { Operator, WindowResult } from '../../operator-cli/operator/index.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import type { Sensor } from '../../sensor-client/index.ts';
import { createSensor } from '../../sensor-client/index.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Transport } from '../../src/ports/index.ts';
import type { StreamDocument, StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { windowId } from '../../src/ring/index.ts';
import { streamPayload } from './development-stream.ts';
import { expectExact } from './exact-result.ts';

const HOST = '127.0.0.1';
/** Nothing seals by itself during a test. */
const WINDOW_MS = 6 * 3_600_000;
const COMPUTE_WAIT_MS = 20_000;

/** Keys, certificates and a ring document for nodes on free ports of this computer. */
export async function localCluster(
  domains: number,
  nodesPerDomain: number,
  votes: { readonly acceptors: 1 | 3; readonly replicas: number } = { acceptors: 1, replicas: 1 },
): Promise<ClusterMaterial> {
  const ports = await findFreePorts(HOST, 2 * domains * nodesPerDomain);
  return createDevelopmentCluster({
    domains,
    nodesPerDomain,
    ...votes,
    addresses: givenPorts(HOST, ports),
    randomBytes: cryptoRandomBytes,
    clock: systemClock(),
  });
}

/** The operator and sensors of a cluster that runs somewhere: in this process or in others. */
export interface ClusterClient {
  readonly material: ClusterMaterial;
  readonly operator: Operator;
  readonly stream: StreamDocument;
  /** To the public ports, with each domain's authority as the only trust. */
  readonly transport: Transport;
  sensor(): Promise<Sensor>;
  /** A window of its own for every test. */
  openWindow(): Promise<WindowId>;
  compute(window: WindowId): ReturnType<Operator['compute']>;
  /** Proves that the result is exactly the plain statistics of these readings. */
  expectResult(window: WindowId, readings: readonly string[]): Promise<WindowResult>;
  close(): Promise<void>;
}

/** Defines one stream of temperatures at the running nodes. */
export async function connectCluster(
  material: ClusterMaterial,
  terms: Partial<StreamPayload> = {},
): Promise<ClusterClient> {
  const clock = systemClock();
  const transport = createUndiciTransport({ targets: transportTargets(material.ring) });
  const sensors: Sensor[] = [];
  const operator = createOperator({
    ring: material.ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem: material.operator.privateKeyPem, clock }),
  });
  const payload = { ...streamPayload(material.ring), ...terms };
  const jws = await signStream(payload, signerFromPem(material.operator.privateKeyPem));
  const { stream } = await operator.putStream(jws);
  let next = clock.now() - WINDOW_MS;
  const compute = (window: WindowId) => operator.compute(stream, window, { waitMs: COMPUTE_WAIT_MS });

  return {
    material,
    operator,
    stream,
    transport,
    async sensor() {
      const sensor = await createSensor({
        bundle: material.sensorBundle,
        stream: stream.hash,
        policy: { allowDevelopment: true },
      });
      sensors.push(sensor);
      return sensor;
    },
    async openWindow() {
      const window = windowId(next++);
      await operator.openWindow(stream, { window, notBefore: window, latest: window + 2 * WINDOW_MS });
      return window;
    },
    compute,
    expectResult: async (window, readings) => expectExact(await compute(window), readings),
    async close() {
      await Promise.all(sensors.map((sensor) => sensor.close()));
      await transport.close();
    },
  };
}
