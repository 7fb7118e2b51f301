import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const FOLDER = new URL('regressions/', import.meta.url);

/**
 * Simulated time after the faults in which a kept plan comes to its results, ms. The longest, 1400038, takes 240 s where its
 * three windows that stay INCOMPLETE are waited for together, and much more one by one; a plan that stalls is through sooner.
 */
const LIVENESS_MS = 400_000;

/** A busy machine takes long for what the simulated clock bounds. */
const TEST_MS = 240_000;

/**
 * Plans that once failed, as small as `--shrink` makes them. Each is named by the seed that failed and by what was wrong; some have
 * the draws of another run or are smaller plans of the same story, because worlds and code have changed since. Each is
 * tied to a mutant, test/mutants/catalogue/kept-plans.ts, that it must see:
 *
 * - 74: a node that heard of two placements at once put only the later one in force, so that no window between the two
 *   ever opened where it had to vote. It now judges each by itself.
 * - 777027: a register had lost the stores that said that a window was open, and nodes that had missed its opening answered
 *   INCOMPLETE for ever about what their own domain had released. They now read it in the ledger.
 * - 1400038: with one acceptor a ledger is one node, and its store was lost. The checker of residuals asked for a majority of
 *   all nodes of the domain, and so for a result that nobody could have.
 * - 914374339: a node found the document of its stream damaged when nobody could be asked for it, got it again while it served,
 *   and kept the window, which nobody spoke of any more, past its retention.
 */
describe('a plan that has failed before', () => {
  for (const file of readdirSync(FOLDER)) {
    it(`keeps every invariant: ${file}`, { timeout: TEST_MS }, async () => {
      const plan = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Plan;
      const report = await runPlan(plan, { livenessMs: LIVENESS_MS, endsWith: () => true });
      expect(report.violations).toEqual([]);
      expect(Object.keys(report.faults).length).toBeGreaterThan(0);
    });
  }
});
