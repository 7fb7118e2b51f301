import { plainStatistics, startEmbeddedCluster } from '../../operator-cli/embedded/index.ts';
import type { ComputeOutcome } from '../../operator-cli/operator/index.ts';
import { createOperator, createTokenSource } from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createSensor, type Sensor } from '../../sensor-client/index.ts';
import {
  createUndiciTransport,
  cryptoRandomBytes,
  nodeVerifier,
  signerFromPem,
  systemClock,
} from '../../src/platform/index.ts';
import type { Log } from '../../src/ports/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import { type WindowId, windowId } from '../../src/ring/index.ts';
import { resultDocument } from '../../src/statistics/index.ts';
import { streamPayload } from '../support/development-stream.ts';
import { createShareUploader, type ShareUploader } from './share-uploader.ts';

const DIGITS = 30;
/** No run leaves a flag open for so long that a node would turn it into ERROR, milliseconds. */
const FLAG_TIMEOUT_MS = 3_600_000;
const WINDOW_MS = 3_600_000;
const WAIT_MS = 120_000;

/**
 * The honest cluster: 3 domains of 2 nodes, 3 acceptors, 2 replicas, HTTPS on loopback, a Level store each,
 * all in this process together with the sensor.
 */
export interface ClusterScene {
  /** Three elements: count, x, x^2. */
  readonly stream: StreamDocument;
  /** The SDK. */
  readonly sensor: Sensor;
  /** The same uploads without flags. */
  readonly uploader: ShareUploader;
  /** A fresh window. */
  openWindow(): Promise<WindowId>;
  /** Seals, computes, and says whether the result is the plain statistics of the readings. */
  isExact(window: WindowId, readings: readonly string[]): Promise<boolean>;
  close(): Promise<void>;
}

export async function openClusterScene(): Promise<ClusterScene> {
  const clock = systemClock();
  const cluster = await startEmbeddedCluster({ domains: 3, nodesPerDomain: 2, clock, log: silentLog });
  const { ring, operator: key, sensorBundle: bundle } = cluster.material;
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem: key.privateKeyPem, clock }),
  });
  const payload = { ...streamPayload(ring), flagTimeoutMs: FLAG_TIMEOUT_MS };
  const { stream } = await operator.putStream(await signStream(payload, signerFromPem(key.privateKeyPem)));
  const sensor = await createSensor({ bundle, stream: stream.hash, policy: { allowDevelopment: true } });
  const uploader = createShareUploader({ ring, stream, clock });
  let last = 0;
  return {
    stream,
    sensor,
    uploader,
    async openWindow() {
      last = Math.max(last + 1, clock.now());
      const window = windowId(last);
      await operator.openWindow(stream, { window, notBefore: window, latest: window + WINDOW_MS });
      return window;
    },
    async isExact(window, readings) {
      await operator.seal(stream, window, { waitMs: WAIT_MS });
      return isExactResult(await operator.compute(stream, window, { waitMs: WAIT_MS }), readings);
    },
    async close() {
      await Promise.all([sensor.close(), uploader.close(), transport.close()]);
      await cluster.close();
    },
  };
}

/** Whether an outcome is the plain statistics of these readings, digit by digit. */
export function isExactResult(outcome: ComputeOutcome, readings: readonly string[]): boolean {
  if (outcome.kind !== 'result' || outcome.readings !== readings.length) return false;
  const [field] = outcome.fields;
  if (field === undefined) return false;
  const result = resultDocument(field.statistics, { digits: DIGITS });
  return JSON.stringify(result) === JSON.stringify(plainStatistics(readings, DIGITS));
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
