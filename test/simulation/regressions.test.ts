import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const FOLDER = new URL('regressions/', import.meta.url);

/**
 * Plans that once failed, as small as `--shrink` makes them. Each is named by its seed and by what was wrong:
 *
 * - 3123: after proposers that met, a decided value stood at several ballots; a node that only read the slot
 *   found no majority at one ballot, and so never learned that the window was open. Its readers now propose
 *   what they find. (The plan of seed 3123 with the draws of run 3182: what came later moved the schedule.)
 * - 22: with one acceptor, a store that lost votes left six windows INCOMPLETE, as it may. The run waited for each
 *   after the other, longer than a run may take, and called that a stall. It now waits for them together.
 * - 2010: a node that made a promise about a manual window and learned of no end of it kept the promise for a year
 *   after the others had erased the window. It now asks them.
 * - 74: a node that heard of two placements at once put only the later one in force, so that no window between the two
 *   ever opened where it had to vote. It now judges each by itself.
 * - 54: two acceptors had accepted different terms of a fixed window, and it ended before either was decided; they refused
 *   both from then on, so that nobody could say whether it was open. What was accepted in time may now be decided later.
 * - 791151614: a bit flipped in a stored stream document so that it was no text any more, and its node did not start.
 * - 777027: a register had lost the stores that said that a window was open, and nodes that had missed its opening answered
 *   INCOMPLETE for ever about what their own domain had released. They now read it in the ledger.
 * - 1400038: with one acceptor a ledger is one node, and its store was lost. The checker of residuals asked for a majority of
 *   all nodes of the domain, and so for a result that nobody could have.
 * - 1400047: every copy of a share was damaged while one node of the domain was away for good, and what was still under way
 *   brought the share back. The nodes say nothing of its partition before all others have told what they have of it, so
 *   that they wait until the store is declared lost; the checker thought that nothing was missing.
 * - 1730056: the acceptor of a manual window had voted for its terms, and the one message that said that it was open was lost, so
 *   that nobody sealed it. (A plan without readings, with the draws of run 9.)
 * - 1700154: a node that was new to its ring wrote down the older documents from the first on, and a crash left it the first and its own
 *   without what is between them, so that its store was in doubt for ever. It now begins with the newest.
 */
describe('a plan that has failed before', () => {
  for (const file of readdirSync(FOLDER)) {
    it(`keeps every invariant: ${file}`, async () => {
      const plan = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Plan;
      const report = await runPlan(plan);
      expect(report.violations).toEqual([]);
      expect(Object.keys(report.faults).length).toBeGreaterThan(0);
    });
  }
});
