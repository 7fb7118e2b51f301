import { defineConfig } from 'vitest/config';

/** A run of its own, so that `npm test` does not repeat it. */
export default defineConfig({
  test: {
    include: ['test/attack/*.attack.ts'],
    setupFiles: ['test/support/seed.ts'],
    reporters: ['./test/attack/reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
  },
});
