import type { Plan } from './plan.ts';

/** Runs of one shrinking; a plan that is still large after them has no small cause. */
const ATTEMPTS_MAX = 300;

/**
 * A smaller plan that still fails: leaves out faults, then operations, then changes of the ring, in halves, quarters and so on down to
 * single ones, and keeps whatever can go. Greedy, so not the smallest, but every part of it is needed.
 * @param fails runs a plan and says whether it goes wrong.
 */
export async function shrinkPlan(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let attempts = 0;

  async function without<T>(items: readonly T[], use: (kept: readonly T[]) => Plan): Promise<void> {
    let kept = items;
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < kept.length && attempts < ATTEMPTS_MAX; ) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
        attempts += 1;
        if (await fails(use(fewer))) {
          kept = fewer;
          smallest = use(fewer);
        } else from += size;
      }
    }
  }

  await without(plan.faults, (faults) => ({ ...smallest, faults }));
  await without(plan.operations, (operations) => ({ ...smallest, operations }));
  await without(plan.ringChanges ?? [], (ringChanges) => ({ ...smallest, ringChanges }));
  for (const rate of ['loss', 'duplication', 'stall'] as const) {
    const calmer = { ...smallest, network: { ...smallest.network, [rate]: 0 } };
    if (smallest.network[rate] > 0 && (await fails(calmer))) smallest = calmer;
  }
  return smallest;
}
