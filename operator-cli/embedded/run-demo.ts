import type { SensorKeys } from '../../sensor-client/index.ts';
import { createSensor } from '../../sensor-client/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { Log } from '../../src/ports/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import { type WindowId, windowId } from '../../src/ring/index.ts';
import { momentElements } from '../../src/sharing/index.ts';
import { createOperator, createTokenSource, type Operator, streamPayload } from '../operator/index.ts';
import type { Session } from '../session.ts';
import { transportTargets } from '../transport-targets.ts';
import { DEMO_DEGREE, type DemoReadings, type DemoSource, readDemoReadings } from './demo-readings.ts';
import { demoText } from './demo-report.ts';
import { type DemoQuestion, type DemoResult, plainResult, releasedResult } from './demo-result.ts';
import { enrolSensors, makeSensors } from './demo-sensors.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from './start-cluster.ts';

const DOMAINS = 3;
const NODES_PER_DOMAIN = 2;
/** After this an unset flag may become ERROR, milliseconds; a demo has no sensor that dies. */
const FLAG_TIMEOUT_MS = 30_000;
/** The window would seal itself after this, milliseconds; the largest demo is far shorter. */
const WINDOW_MS = 6 * 3_600_000;
/** How long COMPUTE may take to settle, milliseconds. */
const COMPUTE_WAIT_MS = 120_000;
/** Pause between two progress lines, milliseconds: nobody reads them faster. */
const PROGRESS_MS = 100;

export interface DemoOptions extends DemoSource {
  readonly digits: number;
  /** The column of `columns` to regress on the others. */
  readonly regress?: string;
}

/** What the demo prints under --json; the first members are the contract of scripts that read it. */
export interface DemoReport {
  readonly domains: number;
  readonly nodes: number;
  readonly uploaded: number;
  readonly committed: number;
  readonly errored: number;
  readonly result: DemoResult;
  readonly plain: DemoResult;
  readonly exact: boolean;
}

/** How long the parts took, in milliseconds. */
export interface DemoTimes {
  readonly start: number;
  readonly upload: number;
  readonly seal: number;
  readonly compute: number;
}

/**
 * The whole story in one process: starts a cluster, uploads every reading as a sensor of its own, seals,
 * computes, and compares with the plain computation. Nothing is uploaded unless every column is usable
 * and the plain computation has an answer.
 * @throws EngineError what is wrong with the data; `IMPOSSIBLE_AGGREGATE` when the two results differ
 */
export async function runDemo(session: Session, options: DemoOptions): Promise<void> {
  const { clock, signal } = session.environment;
  const question = questionOf(options);
  const readings = await readDemoReadings(options);
  const plain = plainResult(readings, question);
  const count = readings.readings.length;
  session.say(`making the keys of ${count} sensors`);
  const sensors = await makeSensors(count);
  const begun = clock.now();
  session.say(`starting ${DOMAINS} domains of ${NODES_PER_DOMAIN} nodes`);
  const cluster = await startEmbeddedCluster({
    domains: DOMAINS,
    nodesPerDomain: NODES_PER_DOMAIN,
    clock,
    log: silentLog,
  });
  // Otherwise the person would wait for a result that cannot come without knowing why.
  void cluster.failed.then((reason) => session.say(`a node stopped: ${reason.message}`));
  try {
    const started = clock.now();
    const { operator, close } = operatorOf(cluster, session);
    try {
      session.say('enrolling the sensors');
      await enrolSensors(cluster.material, sensors, { clock, signal });
      const { stream, window } = await openStream(operator, cluster, readings, session);
      const uploaded = await uploadAll(cluster, stream, window, { readings, sensors }, session);
      const sent = clock.now();
      session.say('sealing the window');
      // One coordinator seals; left to COMPUTE, one of every domain would at the same time.
      await operator.seal(stream, window, { waitMs: COMPUTE_WAIT_MS, signal });
      const sealed = clock.now();
      session.say('computing');
      const outcome = await operator.compute(stream, window, { waitMs: COMPUTE_WAIT_MS, signal });
      if (outcome.kind !== 'result') {
        throw new EngineError(outcome.kind === 'withheld' ? 'WITHHELD' : 'INCOMPLETE', outcome.reason);
      }
      const result = releasedResult(stream, outcome, question);
      const exact = outcome.readings === count && JSON.stringify(result) === JSON.stringify(plain);
      const report: DemoReport = {
        domains: DOMAINS,
        nodes: DOMAINS * NODES_PER_DOMAIN,
        uploaded,
        committed: outcome.committed,
        errored: uploaded - outcome.committed,
        result,
        plain,
        exact,
      };
      const times = {
        start: started - begun,
        upload: sent - started,
        seal: sealed - sent,
        compute: clock.now() - sealed,
      };
      session.answer(report, () => demoText(report, { readings, outcome, times, cluster }, session.palette));
      if (!exact) {
        throw new EngineError(
          'IMPOSSIBLE_AGGREGATE',
          `expected the plain statistics of ${count} readings, got others over ${outcome.readings}`,
        );
      }
    } finally {
      await close();
    }
  } finally {
    await cluster.close();
  }
}

/** @throws EngineError `INVALID_ARGUMENT` for options that do not go together */
function questionOf({ column, columns, regress, digits }: DemoOptions): DemoQuestion {
  if (columns === undefined) {
    if (regress === undefined) return { several: false, digits };
    throw new EngineError('INVALID_ARGUMENT', 'expected --columns with --regress, got none');
  }
  if (column !== undefined) {
    throw new EngineError('INVALID_ARGUMENT', 'expected --column or --columns, got both');
  }
  if (regress === undefined) return { several: true, digits };
  if (!columns.includes(regress)) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected --regress with one of the columns ${columns.join(', ')}, got ${regress}`,
    );
  }
  if (columns.length < 2) {
    throw new EngineError('INVALID_ARGUMENT', 'expected a column beside the one to regress, got none');
  }
  return { several: true, response: regress, digits };
}

function operatorOf({ material }: EmbeddedCluster, session: Session) {
  const { clock } = session.environment;
  const transport = createUndiciTransport({ targets: transportTargets(material.ring) });
  const operator = createOperator({
    ring: material.ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem: material.operator.privateKeyPem, clock }),
  });
  return { operator, close: () => transport.close() };
}

async function openStream(
  operator: Operator,
  { material }: EmbeddedCluster,
  readings: DemoReadings,
  session: Session,
): Promise<{ readonly stream: StreamDocument; readonly window: WindowId }> {
  const { clock, signal } = session.environment;
  const fields = readings.columns.map(({ field, unit, decimals, min, max }) => ({
    name: field,
    unit,
    decimals,
    min,
    max,
  }));
  const payload = streamPayload(
    operator.ring,
    {
      name: 'demo',
      fields,
      elements: momentElements(fields, DEMO_DEGREE),
      minSensors: 1,
      maxReadings: readings.readings.length,
      maxExcluded: 0,
      flagTimeoutMs: FLAG_TIMEOUT_MS,
      retentionMs: 86_400_000,
      publicData: true,
      enrolment: 'required',
    },
    cryptoRandomBytes,
  );
  const jws = await signStream(payload, signerFromPem(material.operator.privateKeyPem));
  const { stream } = await operator.putStream(jws, { signal });
  const window = windowId(clock.now());
  await operator.openWindow(stream, { window, notBefore: window, latest: window + WINDOW_MS }, { signal });
  return { stream, window };
}

/** Uploads every reading as a sensor with keys of its own, over one connection pool per node. */
async function uploadAll(
  { material }: EmbeddedCluster,
  stream: StreamDocument,
  window: WindowId,
  { readings, sensors }: { readonly readings: DemoReadings; readonly sensors: readonly SensorKeys[] },
  session: Session,
): Promise<number> {
  const { signal } = session.environment;
  const sensor = await createSensor({
    bundle: material.sensorBundle,
    stream: stream.hash,
    window,
    policy: { allowDevelopment: true },
  });
  const progress = createProgress(session, readings.readings.length);
  try {
    const summary = await sensor.uploadMany(readings.readings, {
      signal,
      keysOf: (index) => keysOf(sensors, index),
      onProgress: ({ committed }) => progress.show(committed),
    });
    signal.throwIfAborted();
    progress.end();
    const [failure] = summary.failures;
    if (failure !== undefined) {
      session.say(`${summary.failed} readings failed, the first with ${failure.code}: ${failure.message}`);
    }
    return summary.taken;
  } finally {
    await sensor.close();
  }
}

function keysOf(sensors: readonly SensorKeys[], index: number): SensorKeys {
  const keys = sensors[index];
  if (keys === undefined) throw new EngineError('INTERNAL', 'expected a sensor for every reading');
  return keys;
}

/** One line that overwrites itself, on a terminal only. */
function createProgress(session: Session, total: number) {
  const { environment } = session;
  let shownAt = environment.clock.now();
  const text = (committed: number) => `uploading ${committed} of ${total}`;
  return {
    show(committed: number) {
      const now = environment.clock.now();
      if (!environment.liveProgress || now - shownAt < PROGRESS_MS) return;
      shownAt = now;
      session.progress(text(committed));
    },
    end: () => session.progress(undefined),
  };
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
