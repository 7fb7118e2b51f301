import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../operator-cli/embedded/start-cluster.ts';
import {
  createOperator,
  createTokenSource,
  type Operator,
  streamPayload,
} from '../../operator-cli/operator/index.ts';
import { transportTargets } from '../../operator-cli/transport-targets.ts';
import { createSensor, createSensorKeys } from '../../sensor-client/index.ts';
import { formatExactDecimal, formatRational, formatReal, rational } from '../../src/arithmetic/index.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import { windowId } from '../../src/ring/index.ts';
import type { Reading, ReadingSchema } from '../../src/sharing/index.ts';
import { recordingLog } from '../support/recording-log.ts';
import { houseSchema, priceOf } from './house-prices.ts';
import { testReading, testResult, testSchema } from './multiple-choice.ts';
import { voteResult, voteSchema } from './vote.ts';

const clock = systemClock();
let cluster: EmbeddedCluster;
let operator: Operator;
let close: () => Promise<void>;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ domains: 2, nodesPerDomain: 2, clock, log: recordingLog() });
  const { ring, operator: key } = cluster.material;
  const transport = createUndiciTransport({ targets: transportTargets(ring) });
  const tokenFor = createTokenSource({ privateKeyPem: key.privateKeyPem, clock });
  const parts = { ring, transport, clock, randomBytes: cryptoRandomBytes, verifier: nodeVerifier, tokenFor };
  operator = createOperator(parts);
  close = () => transport.close();
});

afterAll(async () => {
  await close();
  await cluster.close();
});

/** Uploads the readings through real nodes and gives back the sums that the domains released. */
async function sumsOf(
  name: string,
  schema: ReadingSchema,
  readings: readonly Reading[],
): Promise<readonly bigint[]> {
  const payload = streamPayload(
    operator.ring,
    { name, ...schema, minSensors: 1, publicData: true },
    cryptoRandomBytes,
  );
  const jws = await signStream(payload, signerFromPem(cluster.material.operator.privateKeyPem));
  const { stream } = await operator.putStream(jws);
  const window = windowId(clock.now());
  await operator.openWindow(stream, { window, notBefore: window, latest: window + 3_600_000 });
  const sensor = await createSensor({
    bundle: cluster.material.sensorBundle,
    stream: stream.hash,
    window,
    policy: { allowDevelopment: true, elementKinds: ['count', 'moment', 'cell'] },
  });
  const summary = await sensor.uploadMany(readings, { keysOf: () => createSensorKeys() });
  await sensor.close();
  expect(summary.failures).toEqual([]);
  await operator.seal(stream, window, { waitMs: 60_000 });
  const outcome = await operator.compute(stream, window, { waitMs: 60_000 });
  if (outcome.kind !== 'result') throw new Error(`expected a result, got ${outcome.kind}`);
  return outcome.sums;
}

describe('the examples of the documents', () => {
  it('count a vote without anybody seeing one', async () => {
    const votes = [...Array(14).fill('0'), ...Array(9).fill('1'), ...Array(3).fill('2')];
    const result = voteResult(await sumsOf('vote', voteSchema(), votes));
    expect(result.counts).toEqual({ yes: 14n, no: 9n, abstain: 3n });
    expect(result.winners).toEqual(['yes']);
    expect(result.proportions[0]?.share).toEqual(rational(14n, 26n));
    expect(formatRational(result.yesAgainstNo.statistic, { digits: 15 })).toBe('1.08695652173913');
  });

  it('mark a multiple-choice test and compare two classes', async () => {
    const pupils = Array.from({ length: 24 }, (_, i) => testReading(`${(i * 7) % 20}.5`, i % 2, (i * i) % 5));
    const result = testResult(await sumsOf('test', testSchema(), pupils));
    const points = pupils.map((pupil) => Number(pupil.points));
    expect(Number(result.points.count)).toBe(24);
    expect(formatExactDecimal(result.points.sum)).toBe(String(points.reduce((a, b) => a + b, 0)));
    const total = result.answers.flat().reduce((a, b) => a + b, 0n);
    expect([result.answers.length, total]).toEqual([2, 24n]);
    const [low, high] = [
      points.toSorted((a, b) => a - b)[11] ?? 0,
      points.toSorted((a, b) => a - b)[12] ?? 0,
    ];
    const median = (low + high) / 2;
    expect(Number(result.median && formatExactDecimal(result.median.least))).toBeLessThanOrEqual(median);
    expect(Number(result.median && formatExactDecimal(result.median.most))).toBeGreaterThanOrEqual(median);
    expect(Number(formatReal(result.classes.p, { digits: 15 }))).toBeGreaterThan(0.001);
  });

  it('find the price of a square metre', async () => {
    const houses = [
      { price: '310000', area: '98.5', rooms: '4' },
      { price: '255000', area: '74', rooms: '3' },
      { price: '420000', area: '141.5', rooms: '5' },
      { price: '198000', area: '51', rooms: '2' },
      { price: '365000', area: '120', rooms: '4' },
      { price: '289000', area: '85.5', rooms: '4' },
    ];
    const terms = priceOf(await sumsOf('houses', houseSchema(), houses));
    expect(terms.map(({ term }) => term)).toEqual(['(intercept)', 'area', 'rooms']);
    // numpy.linalg.lstsq gives the same to the digits of a double.
    expect(Number(terms[1]?.estimate)).toBeCloseTo(2273.61507216, 6);
  });
});
