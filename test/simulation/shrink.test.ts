import { expect, it } from 'vitest';
import { planOf } from './plan.ts';
import { shrinkPlan } from './shrink.ts';

it('leaves only the faults and operations that a failure needs', async () => {
  const plan = Array.from({ length: 100 }, (_, seed) => planOf(seed)).find(
    ({ faults, operations, network }) => faults.length > 6 && operations.length > 20 && network.loss > 0,
  );
  if (plan === undefined) throw new Error('expected a plan with much in it');
  const [, fault] = plan.faults;
  const operation = plan.operations[17];
  const fails = async ({ faults, operations }: typeof plan) =>
    faults.some((one) => one === fault) && operations.some((one) => one === operation);
  const small = await shrinkPlan(plan, fails);
  expect(small.faults).toEqual([fault]);
  expect(small.operations).toEqual([operation]);
  expect(small.network.loss).toBe(0);
});
