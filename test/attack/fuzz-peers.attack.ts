import { refused } from './attack.ts';
import { fuzz } from './fuzz.ts';

// The routes of nodes; those of sensors and operators have a file of their own, so that two processes share the work.
for (const audience of ['peer', 'domain'] as const) {
  fuzz(audience, (what, carryOut) => refused('fuzz', what, carryOut));
}
