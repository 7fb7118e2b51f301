import { expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.ts';
import { runCheck } from './report.ts';

const quick = CATALOGUE.filter((check) => check.quick);

test.for(quick.filter(({ expects }) => expects === 'holds'))(
  '$name holds in every state: $shows',
  (check) => {
    const report = runCheck(check);
    expect(report).toMatchObject({ verdict: 'holds', trace: [] });
    expect(report.states).toBeGreaterThan(5_000);
  },
);

test.for(quick.filter(({ expects }) => expects === 'violated'))('$name is found: $shows', (check) => {
  const report = runCheck(check);
  expect(report).toMatchObject({ verdict: 'violated', passed: true });
  expect(report.trace).toHaveLength(report.depth);
});

test('every check has a name of its own', () => {
  expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
});
