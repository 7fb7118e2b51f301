import type { Mutant } from '../mutant.ts';
import { ACCESS_MUTANTS } from './access.ts';
import { ARITHMETIC_MUTANTS } from './arithmetic.ts';
import { FLAG_MUTANTS } from './flags.ts';
import { foundByPlans, KEPT_PLAN_MUTANTS } from './kept-plans.ts';
import { PACKET_MUTANTS } from './packets.ts';
import { PROGRAM_MUTANTS } from './programs.ts';
import { RELEASE_MUTANTS } from './release.ts';
import { SEAL_MUTANTS } from './seal.ts';
import { SENSOR_MUTANTS } from './sensor.ts';
import { SHARE_MUTANTS } from './shares.ts';
import { STORAGE_MUTANTS } from './storage.ts';
import { WINDOW_MUTANTS } from './windows.ts';

/** Each bug once, in the order in which a reading meets the code. */
const BUGS: readonly Mutant[] = [
  ...ARITHMETIC_MUTANTS,
  ...SENSOR_MUTANTS,
  ...PROGRAM_MUTANTS,
  ...PACKET_MUTANTS,
  ...FLAG_MUTANTS,
  ...SHARE_MUTANTS,
  ...SEAL_MUTANTS,
  ...RELEASE_MUTANTS,
  ...WINDOW_MUTANTS,
  ...STORAGE_MUTANTS,
  ...ACCESS_MUTANTS,
  ...KEPT_PLAN_MUTANTS,
];

/** Every seeded bug; those that a kept plan has found a second time, for the plan to find them again. */
export const MUTANTS: readonly Mutant[] = [...BUGS, ...foundByPlans(BUGS)];
