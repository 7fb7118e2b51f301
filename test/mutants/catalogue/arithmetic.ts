import type { Mutant } from '../mutant.ts';
import { byTest } from '../mutant.ts';

/** Splitting, adding and the limits within which sums are exact. */
export const ARITHMETIC_MUTANTS: readonly Mutant[] = [
  {
    name: 'split/last-share-not-masked',
    breaks: 'UNIFORM: the last domain is given the reading itself',
    file: 'src/sharing/split.ts',
    find: 'subtractInPlace(vectors, masks);',
    replace: 'subtractInPlace(vectors, masks.slice(1));',
    detector: byTest('src/sharing/split', 'UNIFORM: every share of a fixed reading is uniform'),
  },
  {
    name: 'seeds/draws-beyond-p-kept',
    breaks: 'UNIFORM: a draw of p or more becomes an element, and another spelling of it',
    file: 'src/sharing/seeds.ts',
    find: 'if (found === skipped)',
    replace: 'if (found >= skipped)',
    detector: byTest('src/sharing/seeds', 'draws of p or more are skipped'),
  },
  {
    name: 'batch/last-vector-not-added',
    breaks: 'EXACT: the last reading of a batch is counted and not added',
    file: 'src/arithmetic/limb-sum.ts',
    find: 'at < vectors.length; at += vectorBytes',
    replace: 'at < vectors.length - vectorBytes; at += vectorBytes',
    detector: byTest('src/sharing/seeds', 'adding encoded vectors adds their elements'),
  },
  {
    name: 'split/pool-bytes-reused',
    breaks: 'UNIFORM: two readings get one mask, and their difference is public',
    file: 'src/arithmetic/element-pool.ts',
    find: `      pool.fill(0, used, used + taken);
      used += taken;`,
    replace: '      void taken;',
    detector: byTest('sensor-client/sensor', 'two sensors, or two readings of one, never share a mask'),
  },
  {
    name: 'split/taken-bytes-stay-in-memory',
    breaks: 'UNIFORM: a mask can be read from memory long after its reading was sent',
    file: 'src/arithmetic/element-pool.ts',
    find: 'pool.fill(0, used, used + taken);',
    replace: '',
    detector: byTest('src/arithmetic/element-pool', 'bytes are zeroed when they are taken'),
  },
  {
    name: 'sum/carry-too-late',
    breaks: 'EXACT: more additions than a double is exact for lose a unit without a sign',
    file: 'src/arithmetic/limb-sum.ts',
    find: 'if (into.additions + other.additions > LIMB_ADDITIONS_MAX) {',
    replace: 'if (into.additions + other.additions < 0) {',
    detector: byTest('src/arithmetic/limb-sum', 'merging stays exact also where no power of two helps'),
  },
  {
    name: 'capacity/not-checked',
    breaks: 'EXACT: a sum beyond half the field comes back as another number',
    file: 'src/statistics/capacity.ts',
    find: 'if (largestSum <= BALANCED_MAX) continue;',
    replace: 'if (largestSum >= 0n) continue;',
    detector: byTest('src/statistics/capacity', 'a stream is refused exactly when some sum could exceed'),
  },
  {
    name: 'combine/shared-count-not-compared',
    breaks: 'EXACT: a domain that added other rows than it says goes unnoticed',
    file: 'operator-cli/operator/combine-rows.ts',
    find: 'if (sums[0] !== BigInt(first.readings)) {',
    replace: 'if (sums[0] === undefined) {',
    detector: byTest(
      'operator-cli/operator/combine-rows',
      'refuses domains that all say they added one reading more',
    ),
  },
  {
    name: 'combine/different-sets-added',
    breaks: 'EXACT: rows over different settled sets are added up',
    file: 'operator-cli/operator/combine-rows.ts',
    find: "['settled set', toHex(first.settled), toHex(row.settled)],",
    replace: '',
    detector: byTest('operator-cli/operator/combine-rows', 'combining the rows of all domains refuses'),
  },
];
