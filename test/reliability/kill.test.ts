import { describe, expect, test } from 'vitest';
import { replayCommand } from './kill-report.ts';
import { type KillOptions, runKills } from './kill-run.ts';

/** A small part of what `npm run kill` does for long: a run ends in well under a minute where nodes start in one second. */
const RUN_MS_MAX = 240_000;

async function survive(options: Pick<KillOptions, 'nodesPerDomain' | 'kills' | 'mode'>): Promise<void> {
  const report = await runKills({ ...options, seed: 1, perSecond: 20 });
  expect(report.violations, replayCommand(report)).toEqual([]);
  expect(report).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
  expect(report.kills).toBeGreaterThanOrEqual(options.kills);
  expect(report.committed).toBeGreaterThan(0);
  expect(report.results + report.withheld).toBe(report.windows);
  expect(report.sameRows).toBeGreaterThanOrEqual(report.results * 3 * options.nodesPerDomain);
}

describe('real node processes under load', () => {
  test('lose and double nothing when any one of them is killed or paused', { timeout: RUN_MS_MAX }, () =>
    survive({ nodesPerDomain: 2, kills: 3, mode: 'one' }),
  );

  test('lose nothing acknowledged when one of every domain is killed at once', { timeout: RUN_MS_MAX }, () =>
    survive({ nodesPerDomain: 2, kills: 3, mode: 'domain-each' }),
  );
});
