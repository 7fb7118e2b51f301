import { refused } from './attack.ts';
import { fuzz } from './fuzz.ts';

// The routes of sensors and operators; those of nodes have a file of their own, so that two processes share the work.
for (const audience of ['public', 'operator'] as const) {
  fuzz(audience, (what, carryOut) => refused('fuzz', what, carryOut));
}
