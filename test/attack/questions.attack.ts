import { expect } from 'vitest';
import { utf8 } from '../../src/foundation/index.ts';
import { errorFromProblem, JSON_CONTENT, operations } from '../../src/protocol/index.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { momentElements } from '../../src/sharing/index.ts';
import { expectCode, TIMEOUT } from '../support/bad-input.ts';
import { fixedKey } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { expectExact } from '../support/exact-result.ts';
import type { SmallCloud } from '../support/small-cloud.ts';
import { extent, refused } from './attack.ts';
import { against, commitAll, numbers, PRIVATE, rowOf } from './scene.ts';

const withheld = { verdict: 'WITHHELD', reason: 'TOO_FEW_SENSORS', readings: 0, flags: 0 } as const;

async function expectWithheld(cloud: SmallCloud, window: Parameters<typeof rowOf>[2], group = 0) {
  for (const node of cloud.nodeIds) {
    const row = await rowOf(cloud, node, window, group);
    expect(row).toMatchObject(withheld);
    expect(row.elements).toHaveLength(0);
  }
}

refused('A1', 'COMPUTE over a window with one reading', () =>
  against({ stream: PRIVATE }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, ['21.3']);
    await expectWithheld(cloud, window);
    expect(await cloud.compute(window)).toMatchObject({ kind: 'withheld' });
  }),
);

refused('A2', 'streams whose power sums have one solution', () =>
  against({ stream: PRIVATE }, async (cloud) => {
    const solvable = [
      { minSensors: 2 },
      { minSensors: 8, elements: momentElements([{ name: 'x' }], 4) },
      { fields: [{ name: 'x', unit: '', decimals: 0, offset: '0', min: '0', max: '1' }] },
    ];
    for (const part of solvable) {
      const payload = { ...streamPayload(cloud.ring), ...PRIVATE, ...part };
      const document = await signStream(payload, fixedKey('operator').signer);
      for (const node of cloud.nodeIds)
        await expectCode(cloud.order(node, operations.PUT_STREAM, { document }), 'STREAM_REFUSED');
    }
  }),
);

extent(
  'A3',
  'sums that show every reading because all are alike',
  'homogeneous data (variance 0, or a sum at its bound, shows every reading at any n)',
  () =>
    against({ stream: PRIVATE }, async (cloud) => {
      const window = await cloud.openWindow();
      await commitAll(cloud, window, Array<string>(10).fill('60'));
      const result = expectExact(await cloud.compute(window), Array<string>(10).fill('60'));
      const codes = result.warnings.map(({ code }) => code);
      expect(codes).toEqual(expect.arrayContaining(['VARIANCE_ZERO', 'SUM_AT_BOUND']));
      return '10 of 10 equal readings are known; the result is marked VARIANCE_ZERO and SUM_AT_BOUND';
    }),
);

refused('A4', 'the difference of two COMPUTEs around one upload', () =>
  against({ stream: PRIVATE }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(10));
    const before = await Promise.all(cloud.nodeIds.map((node) => rowOf(cloud, node, window)));
    await expectCode(cloud.reading(window, '33').notice(), 'WINDOW_SEALED');
    await expectCode(cloud.reading(window, '33').upload(0), 'WINDOW_SEALED');
    await cloud.restart();
    expect(await Promise.all(cloud.nodeIds.map((node) => rowOf(cloud, node, window)))).toEqual(before);
  }),
);

refused('A5', 'a filter of the operator, and a total over labels less the other labels', () =>
  against({ stream: { ...PRIVATE, groups: ['north', 'south'] } }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(10), 1);
    await commitAll(cloud, window, ['31'], 2);
    const [node] = cloud.nodeIds as [NodeId];
    const question = { stream: cloud.stream.hash, window, group: 1 };
    for (const filter of [{ sensors: [] }, { partitions: [1] }, { excluded: [] }, { statistic: 'sum' }]) {
      const body = utf8(JSON.stringify({ ...question, ...filter }));
      const { path } = operations.COMPUTE;
      const answer = await cloud.transport.send(
        node,
        { method: 'POST', path, body, contentType: JSON_CONTENT, token: 'token' },
        TIMEOUT,
      );
      const { code } = errorFromProblem(answer.status, answer.body, answer.contentType);
      expect(code).toBe('SCHEMA_MISMATCH');
    }
    await expectCode(cloud.order(node, operations.COMPUTE, { ...question, group: 0 }), 'STREAM_REFUSED');
    expect(await rowOf(cloud, node, window, 1)).toMatchObject({ verdict: 'RELEASED', readings: 10 });
    await expectWithheld(cloud, window, 2);
  }),
);

refused('A15', 'one sensor with many readings in place of many sensors', () =>
  against({ stream: PRIVATE }, async (cloud) => {
    const window = await cloud.openWindow();
    const [own] = await commitAll(cloud, window, ['7', '31']);
    if (own === undefined) throw new Error('expected a reading');
    for (let i = 0; i < 20; i++) {
      const readingId = cloud.reading(window, '7').entry.readingId;
      await cloud.reading(window, '7', { entry: { ...own.entry, readingId } }).commit();
    }
    await expectWithheld(cloud, window);
  }),
);

extent(
  'A15',
  'nine sensors of one attacker beside a tenth',
  'Whoever controls minSensors - 1 of the sensors of a released window learns the sum of the others.',
  () =>
    against({ stream: PRIVATE }, async (cloud) => {
      const window = await cloud.openWindow();
      await commitAll(cloud, window, [...numbers(9), '31']);
      const outcome = await cloud.compute(window);
      const { fields } = expectExact(outcome, [...numbers(9), '31']);
      const sum = Number(fields[0]?.statistics.sum.numerator) / Number(fields[0]?.statistics.sum.denominator);
      expect(sum - 36).toBe(31);
      return 'with 9 of 10 sensors the tenth reading is known to the last digit';
    }),
);
