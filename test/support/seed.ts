import fc from 'fast-check';

/**
 * Every property runs under one fixed seed, so that a failure replays; `SEED=n npm test` draws another,
 * and a failing property prints its seed and path itself.
 */
const seed = Number(process.env.SEED ?? 20_261_122);
if (!Number.isSafeInteger(seed)) throw new Error(`SEED must be an integer, got ${process.env.SEED}`);
fc.configureGlobal({ seed });
