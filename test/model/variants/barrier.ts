import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import { BARRIER, barrierModel } from '../scopes/barrier.ts';

/** The first two take seconds: the tests leave them to `npm run model-check`. */
export const BARRIER_VARIANTS: readonly Check[] = [
  broken(
    'barrier/promise-after-vote',
    'a node promises although it has voted under the old placement',
    () => barrierModel({ ...BARRIER, mayPromise: () => true }),
    false,
  ),
  broken(
    'barrier/vote-after-promise',
    'a node goes on voting under the old placement after its promise',
    () => barrierModel({ ...BARRIER, refusesOld: () => false }),
    false,
  ),
  broken('barrier/one-promise', 'the placement counts as in force at the first promise', () =>
    barrierModel({ ...BARRIER, inForce: (_ring, _placement, promised) => promised.size > 0 }),
  ),
  broken('barrier/none', 'the placement counts as in force at once', () =>
    barrierModel({ ...BARRIER, inForce: () => true }),
  ),
];
