import { describe, expect, it, test } from 'vitest';
import { createSensor, type SensorPolicy } from '../../sensor-client/index.ts';
import { checkStreamPolicy, DEFAULT_POLICY } from '../../sensor-client/policy.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { DomainSection, RingDocument } from '../../src/ring/index.ts';
import { momentElements } from '../../src/sharing/index.ts';
import { leastSensors } from '../../src/statistics/index.ts';
import { sensorScene } from '../support/sensor-scene.ts';

const { ring: developmentRing, stream: publicStream } = await sensorScene();

/** What an honest operator asks of sensors that it has to convince. */
const private_: StreamDocument = {
  ...publicStream,
  publicData: false,
  enrolment: 'required',
  minSensors: Math.max(DEFAULT_POLICY.minSensors, leastSensors(publicStream)),
};

function independentRing(change: (section: DomainSection, i: number) => object = () => ({})): RingDocument {
  return {
    ...developmentRing,
    development: false,
    domains: developmentRing.domains.map((section, i) => ({ ...section, ...change(section, i) })),
  };
}

function refusalOf(
  stream: StreamDocument,
  policy: Partial<SensorPolicy> = {},
  ring = independentRing(),
): EngineError | undefined {
  try {
    checkStreamPolicy(stream, ring, policy);
    return undefined;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'STREAM_REFUSED') return error;
    throw error;
  }
}

test('a private stream of enrolled sensors and independent domains needs no word of the policy', () => {
  expect(refusalOf(private_)).toBeUndefined();
});

const yesNo = { name: 'yes', unit: '', decimals: 0, offset: '0', min: '0', max: '1' };
const cells: StreamDocument['elements'] = [
  { kind: 'count' },
  { kind: 'cell', field: 'x', from: '-50', to: '61' },
];

describe('without a word of the policy a stream is refused', () => {
  it.each<[rule: keyof SensorPolicy, Partial<StreamDocument>, message: RegExp, Partial<SensorPolicy>]>([
    ['allowPublicData', { publicData: true }, /got one of public data/, { allowPublicData: true }],
    ['allowOpenEnrolment', { enrolment: 'open' }, /enrolled sensors/, { allowOpenEnrolment: true }],
    [
      'elementKinds',
      { elements: cells },
      /kind count, moment, got cell/,
      { elementKinds: ['count', 'cell'] },
    ],
    ['minSensors', { minSensors: 7 }, /at least 8 sensors in a result, got 7/, { minSensors: 7 }],
    [
      'ambiguityBits',
      { elements: momentElements([{ name: 'x' }], 4), minSensors: 8 },
      /at least 1\d sensors for sums that leave 20 bits of their readings open, got 8/,
      { ambiguityBits: 0 },
    ],
    [
      'ambiguityBits',
      { fields: [yesNo], elements: momentElements([yesNo], 1), minSensors: 1_000 },
      /at least Infinity sensors/,
      { ambiguityBits: 0 },
    ],
    [
      'maxRetentionMs',
      { retentionMs: 31 * 86_400_000 },
      /erased within 2592000000 ms, got 2678400000 ms/,
      { maxRetentionMs: 31 * 86_400_000 },
    ],
    ['allowGroups', { groups: ['north'] }, /labels are public/, { allowGroups: true }],
    ['allowSeeds', { seeds: true }, /expanded from seeds/, { allowSeeds: true }],
    ['allowBatches', { countMode: 'batch' }, /batches/, { allowBatches: true }],
  ])('by %s', (rule, change, message, allowing) => {
    const stream = { ...private_, ...change };
    const refusal = refusalOf(stream);
    expect(refusal?.message).toMatch(message);
    expect(refusal?.details.rule).toBe(rule);
    expect(refusalOf(stream, allowing)).toBeUndefined();
  });

  it('by minDomains where more are asked for than it has', () => {
    expect(refusalOf(private_, { minDomains: 4 })?.message).toBe('expected at least 4 domains, got 3');
    expect(refusalOf(private_, { minDomains: 3 })).toBeUndefined();
  });

  it.each([
    ['operator', { operatorName: 'One Company' }, { operatorName: 'one  company ' }],
    ['provider', { provider: 'One Cloud' }, { provider: 'ONE\u00a0CLOUD' }],
  ])('by independentDomains where two are of one %s, however it is spelled', (what, first, second) => {
    const same = independentRing((_, i) => (i === 0 ? first : i === 2 ? second : {}));
    const refusal = refusalOf(private_, {}, same);
    expect(refusal?.message).toBe(`expected another ${what} behind every domain, got one behind a and c`);
    expect(refusal?.details.rule).toBe('independentDomains');
    expect(refusalOf(private_, { independentDomains: false }, same)).toBeUndefined();
    // A domain outside the stream may belong to anyone.
    const narrow = { ...private_, domains: private_.domains.slice(0, 2) };
    expect(refusalOf(narrow, {}, same)).toBeUndefined();
  });
});

describe('a development ring that the policy allows', () => {
  const policy = { allowDevelopment: true };

  it('is asked for nothing that it cannot give', () => {
    const alone = { operatorName: 'One Company', provider: 'One Cloud' };
    const ring = { ...independentRing(() => alone), development: true };
    expect(refusalOf({ ...publicStream, minSensors: 1 }, policy, ring)).toBeUndefined();
  });

  it('is asked for the rest, and for what the policy names', () => {
    const refusals: [Partial<StreamDocument>, Partial<SensorPolicy>, string][] = [
      [{ elements: cells }, {}, 'elementKinds'],
      [{ groups: ['north'] }, {}, 'allowGroups'],
      [{ seeds: true }, {}, 'allowSeeds'],
      [{ retentionMs: 90 * 86_400_000 }, {}, 'maxRetentionMs'],
      [{ minSensors: 12 }, { minSensors: 13 }, 'minSensors'],
      [{}, { allowPublicData: false }, 'allowPublicData'],
    ];
    for (const [change, own, rule] of refusals) {
      const refusal = refusalOf({ ...publicStream, ...change }, { ...policy, ...own }, developmentRing);
      expect(refusal?.details.rule).toBe(rule);
    }
  });
});

test.each<[object, string]>([
  [{ minSensor: 20 }, 'expected rules of a policy (allowDevelopment, '],
  [{ minSensors: Number.NaN }, 'expected a number for the rule minSensors, got NaN'],
  [{ elementKinds: 'cell' }, 'expected a list for the rule elementKinds, got cell'],
  [{ allowSeeds: 1 }, 'expected a boolean for the rule allowSeeds, got 1'],
])('a policy of %j is refused, since the rule it means would not be kept', async (policy, message) => {
  const { bundle, stream, ports } = await sensorScene();
  const opening = createSensor({ bundle, stream: stream.hash, policy }, ports);
  await expect(opening).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
});
