import { describe, expect, it } from 'vitest';
import type { CommandResult } from './command.ts';
import { byModel, bySimulation, byTest } from './mutant.ts';
import { scoreOf } from './report.ts';
import { notPassed, verdictOf } from './verdict.ts';

const TEST = byTest('a', 'adds up');

function result(report: unknown, rest: Partial<CommandResult> = {}): CommandResult {
  return { code: 1, stdout: JSON.stringify(report), stderr: '', timedOut: false, ...rest };
}

/** What vitest reports of one file. */
function tested(status: string, failure = '', message = '') {
  const one = { status, fullName: 'a sum adds up', failureMessages: failure === '' ? [] : [failure] };
  return { testResults: [{ name: 'test/a.test.ts', message, assertionResults: status === '' ? [] : [one] }] };
}

describe('the verdict on a mutant', () => {
  it('is killed where the test failed, the simulator or the model checker found a violation', () => {
    expect(verdictOf(TEST, result(tested('failed', 'expected 2, got 3')))).toEqual({
      kind: 'killed',
      why: 'a sum adds up: expected 2, got 3',
    });
    const simulated = result(
      { violations: 2 },
      { stderr: 'seed 1: 2 violations\n  DURABLE: lost\n  other\n' },
    );
    expect(verdictOf(bySimulation(2), simulated)).toEqual({ kind: 'killed', why: 'DURABLE: lost' });
    const checks = [{ name: 'flag/x', expects: 'holds', verdict: 'violated', reason: 'two outcomes' }];
    expect(verdictOf(byModel('flag'), result({ checks }))).toMatchObject({ kind: 'killed' });
  });

  it('is survived where nothing was seen', () => {
    expect(verdictOf(TEST, result(tested('passed'), { code: 0 }))).toMatchObject({ kind: 'survived' });
    expect(verdictOf(bySimulation(2), result({ violations: 0 }))).toMatchObject({ kind: 'survived' });
    for (const check of [
      { name: 'flag/x', expects: 'holds', verdict: 'cut', reason: '' },
      { name: 'flag/y', expects: 'violated', verdict: 'holds', reason: '' },
    ]) {
      expect(verdictOf(byModel('flag'), result({ checks: [check] }))).toMatchObject({ kind: 'survived' });
    }
  });

  it('is broken, not killed, where the code did not load', () => {
    const broken = [
      verdictOf(TEST, result(tested('', '', 'Transform failed with 1 error'))),
      verdictOf(TEST, result(tested('failed', 'ReferenceError: record is not defined'))),
      verdictOf(TEST, result(tested('skipped'))),
      verdictOf(TEST, result('', { stdout: '', stderr: 'SyntaxError: Unexpected token' })),
      verdictOf(bySimulation(2), result('', { stdout: '' })),
      verdictOf(bySimulation(2), result({ violations: 1 }, { stderr: '  LIVENESS: ReferenceError: x' })),
      verdictOf(byModel('flag'), result('', { stdout: 'Error: a process died' })),
    ];
    expect(broken.map(({ kind }) => kind)).toEqual(broken.map(() => 'broken'));
  });

  it('is hung, not killed, where no answer came in time', () => {
    expect(verdictOf(TEST, result(tested('failed', 'x'), { code: null, timedOut: true })).kind).toBe('hung');
  });
});

describe('the tests on the unbroken copy', () => {
  it('are named when they failed, did not run or do not exist', () => {
    const tests = [
      { file: 'test/a.test.ts', title: 'a sum adds up' },
      { file: 'test/a.test.ts', title: 'is gone' },
    ];
    expect(notPassed(tests, result(tested('passed')))).toEqual(['test/a.test.ts: is gone']);
    expect(notPassed(tests, result(tested('skipped')))).toHaveLength(2);
    expect(notPassed(tests, result('', { stdout: '' }))).toHaveLength(1);
  });
});

it('counts as killed nothing but what was killed', () => {
  const report = (kind: 'killed' | 'survived' | 'broken' | 'hung') =>
    ({ kind, why: '', name: kind, breaks: '', detector: TEST, seconds: 1 }) as const;
  const reports = [report('killed'), report('killed'), report('survived'), report('broken'), report('hung')];
  expect(scoreOf(reports)).toEqual({ mutants: 5, killed: 2, percent: 40 });
  expect(scoreOf([])).toEqual({ mutants: 0, killed: 0, percent: 0 });
});
