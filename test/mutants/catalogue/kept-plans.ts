import type { Mutant } from '../mutant.ts';
import { byKeptPlan, byTest } from '../mutant.ts';

const TOLERANCE = 'test/simulation/tolerance.ts';

/** Bugs that nothing sees but a kept plan, or one that was made small by hand, among them the simulator's own: what it excuses where nothing is wrong. */
export const KEPT_PLAN_MUTANTS: readonly Mutant[] = [
  {
    name: 'ledger/not-read-of-a-window-nobody-knows',
    breaks:
      'LIVENESS: a node that cannot learn any more that a window was open tells nothing of what its domain released',
    file: 'node/services/operator-desk.ts',
    find: "if (!hasCode(why, 'WINDOW_ERASED', 'INCOMPLETE', 'WINDOW_NOT_OPEN')) throw why;",
    replace: "if (!hasCode(why, 'WINDOW_ERASED')) throw why;",
    detector: byKeptPlan(777_027),
  },
  {
    name: 'simulator/ledger-of-all-nodes',
    breaks: 'the simulator waits for a release whose only voter has lost its store',
    file: TOLERANCE,
    find: 'section.nodes.filter(({ id }) => acceptors.includes(id))',
    replace: 'section.nodes.filter(({ id }) => acceptors.includes(id) || id.length > 0)',
    detector: byKeptPlan(1_400_038),
  },
  {
    name: 'simulator/placement-over-opened-windows',
    breaks:
      'the simulator names a placement that covers windows which clocks ahead have opened, and no node takes it',
    file: 'test/simulation/ring-process.ts',
    find: 'Math.max(atMs, lastOpened(world) - START_MS)',
    replace: 'Math.max(atMs, 0 * lastOpened(world))',
    detector: byTest(
      'simulation/clocks',
      'open windows that are to come, behind which a lost store is declared lost all the same',
    ),
  },
];

/** By the name of a bug the seed that found it. A cheaper test sees these as well. */
const FOUND_BY: Readonly<Record<string, number>> = {
  'ring/earlier-placement-forgotten': 74,
  'erasure/window-without-document-forgotten': 914_374_339,
};

/** The bugs once more that kept plans have found, each to be seen by its plan. @throws Error for a bug that is not there */
export function foundByPlans(bugs: readonly Mutant[]): readonly Mutant[] {
  return Object.entries(FOUND_BY).map(([name, seed]) => {
    const bug = bugs.find((one) => one.name === name);
    if (bug === undefined)
      throw new Error(`expected a mutant ${name}, which the plan of seed ${seed} has found`);
    return { ...bug, name: `${name}/seed-${seed}`, detector: byKeptPlan(seed) };
  });
}
