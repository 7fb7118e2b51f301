import { describe, expect, it } from 'vitest';
import { balanced, fieldElement } from '../../src/arithmetic/index.ts';
import { toBase64Url } from '../../src/foundation/index.ts';
import { operations, releasedRowCodec } from '../../src/protocol/index.ts';
import { encodeReading } from '../../src/sharing/index.ts';
import { FURTHER_ELEMENTS, fixedRing, fixedStream } from '../support/simulated-ring.ts';
import { checkFurtherSums, furtherReading } from './further-fields.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import { runPlan } from './run.ts';

const EXPONENTS = [0, 8, 9, 33, 34, 60];
const nameOf = (exponent: number) => 4n ** BigInt(exponent);

describe('sums of further fields', () => {
  it('are what the reading vectors of the named readings and of those beside them add up to', async () => {
    const ring = await fixedRing({ domains: 2, nodesPerDomain: 1, acceptors: 1, replicas: 1 });
    const batches = { seeds: false };
    const stream = await fixedStream(ring, { flagTimeoutMs: 10_000, maxExcluded: 0, moments: true, batches });
    const vectors = [
      ...EXPONENTS.map((exponent) => encodeReading(stream, furtherReading(`${nameOf(exponent)}`, exponent))),
      encodeReading(stream, furtherReading('0', null)),
    ];
    const sums = stream.elements.map((_, at) =>
      vectors.reduce((total, vector) => total + balanced(vector[at] ?? fieldElement(0n)), 0n),
    );
    const result = { window: 0, sum: sums[1] ?? 0n };
    expect(checkFurtherSums(result, sums, 1)).toEqual([]);
    expect(checkFurtherSums(result, sums, 0)).toHaveLength(1);
    FURTHER_ELEMENTS.forEach((_, at) => {
      const wrong = sums.with(2 + at, (sums[2 + at] ?? 0n) + 1n);
      expect(checkFurtherSums(result, wrong, 1)).toEqual([expect.stringContaining(`in place ${2 + at},`)]);
    });
  });

  it('are exact in a run with batches and without', async () => {
    for (const batches of [undefined, { seeds: true }]) {
      const plan = { ...plainPlan({ duplication: 0.3 }), moments: true };
      const report = await runPlan(batches === undefined ? plan : { ...plan, batches });
      expect(report.violations).toEqual([]);
      expect(report.windows.released).toBe(1);
    }
  });

  it('are seen where a domain adds one of them wrongly', async () => {
    const said = await violationsOf(
      { ...plainPlan(), moments: true },
      {
        publicRouter: (router, { domain }) => ({
          ...router,
          handle: async (caller, request, signal) => {
            const answer = await router.handle(caller, request, signal);
            if (request.path !== operations.COMPUTE.path || answer.status !== 200) return answer;
            const told = operations.COMPUTE.response.decode(answer.body);
            if (told.status !== 'ROW' || domain !== 'amber') return answer;
            const row = releasedRowCodec.decode(Buffer.from(told.row, 'base64url'));
            const elements = row.elements.slice();
            // The lowest digit of the sum of z.
            elements[16 * 3] = ((elements[16 * 3] ?? 0) + 1) & 0xff;
            const text = toBase64Url(releasedRowCodec.encode({ ...row, elements }));
            return { ...answer, body: operations.COMPUTE.response.encode({ status: 'ROW', row: text }) };
          },
        }),
      },
    );
    expect(said).toMatch(/has the sum -?\d+ in place 3,/);
  });
});
