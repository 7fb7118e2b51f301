import { Prio3SumVec } from '@divviup/prio3';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { Sample } from '../comparison.ts';
import { timed } from '../stopwatch.ts';
import { plainSumsOf } from './plain-sums.ts';

/** Two aggregators are its cheapest form; (x, x^2) of a reading in tenths fits 32 bits each. */
const AGGREGATORS = 2;
const OFFSET_TENTHS = 500;
const vdaf = new Prio3SumVec({ shares: AGGREGATORS, length: 2, bits: 32, chunkLength: 8 });
const random = (bytes: number): Buffer => Buffer.from(cryptoRandomBytes(bytes));
const verifyKey = random(vdaf.verifyKeySize);

type Report = Awaited<ReturnType<typeof vdaf.shard>> & { readonly nonce: Buffer };
type Output = Parameters<typeof vdaf.aggregate>[1][number];

const storedValue = (text: string): number => Math.round(Number(text) * 10) + OFFSET_TENTHS;

async function shard(texts: readonly string[]): Promise<Report[]> {
  const reports: Report[] = [];
  for (const text of texts) {
    const value = storedValue(text);
    const nonce = random(vdaf.nonceSize);
    reports.push({ ...(await vdaf.shard([value, value ** 2], nonce, random(vdaf.randSize))), nonce });
  }
  return reports;
}

/** Every aggregator's work on every report, and the sum. */
async function verify(reports: readonly Report[]): Promise<readonly number[]> {
  const outputs: Output[][] = Array.from({ length: AGGREGATORS }, () => []);
  for (const { publicShare, inputShares, nonce } of reports) {
    const prepared = await Promise.all(
      inputShares.map((share, i) => vdaf.prepareInit(verifyKey, i, null, nonce, publicShare, share)),
    );
    const message = await vdaf.unshardPreparationShares(
      null,
      prepared.map(({ preparationShare }) => preparationShare),
    );
    for (const [i, { preparationState }] of prepared.entries()) {
      const done = vdaf.prepareNext(preparationState, message);
      if (!('outputShare' in done)) throw new Error('expected Prio3 to verify in one round');
      outputs[i]?.push(done.outputShare);
    }
  }
  const shares = outputs.map((of) => vdaf.aggregate(null, of));
  return vdaf.unshard(null, shares, reports.length).map(Number);
}

function isExact(sums: readonly number[], texts: readonly string[]): boolean {
  const { count, sum, squares } = plainSumsOf(texts);
  const expected = [
    sum + OFFSET_TENTHS * count,
    squares + 2 * OFFSET_TENTHS * sum + OFFSET_TENTHS ** 2 * count,
  ];
  return JSON.stringify(sums) === JSON.stringify(expected);
}

/** CPU of a sensor per reading, microseconds. */
export async function prio3Shard(texts: readonly string[]): Promise<Sample> {
  let reports: Report[] = [];
  const { cpuMicros } = await timed(async () => {
    reports = await shard(texts);
  });
  return { amount: cpuMicros / texts.length, exact: isExact(await verify(reports), texts) };
}

/** CPU of all aggregators per reading, microseconds. */
export async function prio3Verify(texts: readonly string[]): Promise<Sample> {
  const reports = await shard(texts);
  let sums: readonly number[] = [];
  const { cpuMicros } = await timed(async () => {
    sums = await verify(reports);
  });
  return { amount: cpuMicros / texts.length, exact: isExact(sums, texts) };
}
