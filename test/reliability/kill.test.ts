import { expect, test } from 'vitest';
import { replayCommand } from './kill-report.ts';
import { type KillOptions, runKills } from './kill-run.ts';

/** A small part of what `npm run kill` does for long: a run ends in well under a minute where nodes start in one second. */
const RUN_MS_MAX = 240_000;

const OPTIONS: KillOptions = { nodesPerDomain: 2, kills: 3, mode: 'domain-each', seed: 1, perSecond: 20 };

// One node at a time is what `npm run kill` does unless it is told otherwise, and .ci/run fifty times.
test('real node processes under load lose nothing acknowledged when one of every domain is killed at once', {
  timeout: RUN_MS_MAX,
}, async () => {
  const report = await runKills(OPTIONS);
  expect(report.violations, replayCommand(report)).toEqual([]);
  expect(report).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
  expect(report.kills).toBeGreaterThanOrEqual(OPTIONS.kills);
  expect(report.committed).toBeGreaterThan(0);
  expect(report.results + report.withheld).toBe(report.windows);
  expect(report.sameRows).toBeGreaterThanOrEqual(report.results * 3 * OPTIONS.nodesPerDomain);
});
