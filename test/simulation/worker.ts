import { forbidRealWorld } from './kernel/index.ts';
import { planOf } from './plan.ts';
import { runPlan } from './run.ts';

// A process of the simulator: runs the seeds that it is sent, one after the other.
const allow = forbidRealWorld();
process.on('message', (seed) => {
  runPlan(planOf(Number(seed))).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', allow);
