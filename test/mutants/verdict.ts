import type { CommandResult } from './command.ts';
import type { Detector, NamedTest } from './mutant.ts';

/**
 * `killed`: the detector saw a wrong behaviour. `survived`: it saw nothing. `broken`: the code did not even run,
 * which says nothing about the detector. `hung`: no answer in time, which might be a slow machine.
 */
export interface Verdict {
  readonly kind: 'killed' | 'survived' | 'broken' | 'hung';
  /** What was seen, in one line. */
  readonly why: string;
}

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

interface SimulationReport {
  readonly violations: number;
}

interface ModelReport {
  readonly checks: readonly {
    readonly name: string;
    readonly expects: string;
    readonly verdict: string;
    readonly reason: string;
  }[];
}

/** Errors of loading a program; a test that fails with one has not looked at any behaviour. */
const LOAD_ERROR =
  /\b(?:SyntaxError|ReferenceError|TransformError|ERR_MODULE_NOT_FOUND|Cannot find module)\b/;
const WHY_CHARACTERS_MAX = 160;

export function verdictOf(detector: Detector, result: CommandResult): Verdict {
  if (result.timedOut) return { kind: 'hung', why: 'no answer within its time' };
  switch (detector.kind) {
    case 'test':
      return testVerdict(result);
    case 'simulation':
      return simulationVerdict(result);
    case 'model':
      return modelVerdict(result);
  }
}

function testVerdict(result: CommandResult): Verdict {
  const report = reportOf<TestReport>(result);
  if (report === null) return unreadable(result);
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const [first] = failed;
  if (first !== undefined) {
    const why = firstLine(first.failureMessages.join('\n'));
    return {
      kind: LOAD_ERROR.test(why) ? 'broken' : 'killed',
      why: `${first.fullName}: ${why}`.slice(0, WHY_CHARACTERS_MAX),
    };
  }
  const unloaded = report.testResults.find(({ message }) => message !== '');
  if (unloaded !== undefined) return { kind: 'broken', why: firstLine(unloaded.message) };
  const passed = tests.filter(({ status }) => status === 'passed').length;
  if (passed === 0) return { kind: 'broken', why: 'no test has the title of the detector' };
  return result.code === 0 ? { kind: 'survived', why: `${passed} tests passed` } : unreadable(result);
}

function simulationVerdict(result: CommandResult): Verdict {
  const report = reportOf<SimulationReport>(result);
  if (report === null) return unreadable(result);
  if (report.violations === 0) return { kind: 'survived', why: 'no violation' };
  const [first = ''] = result.stderr.split('\n').filter((line) => line.startsWith('  '));
  return { kind: LOAD_ERROR.test(first) ? 'broken' : 'killed', why: firstLine(first) };
}

function modelVerdict(result: CommandResult): Verdict {
  const report = reportOf<ModelReport>(result);
  if (report === null) return unreadable(result);
  // A broken variant that is no longer found, or a scope with too many states, proves nothing about the mutant.
  const found = report.checks.find(({ expects, verdict }) => expects === 'holds' && verdict === 'violated');
  if (found !== undefined) return { kind: 'killed', why: firstLine(`${found.name}: ${found.reason}`) };
  const cut = report.checks.find(({ verdict }) => verdict === 'cut');
  return {
    kind: 'survived',
    why: cut === undefined ? 'every scope holds' : `${cut.name} has too many states`,
  };
}

function reportOf<T>({ stdout }: CommandResult): T | null {
  const start = stdout.indexOf('{');
  try {
    return start < 0 ? null : (JSON.parse(stdout.slice(start)) as T);
  } catch {
    return null;
  }
}

function unreadable({ code, stderr, stdout }: CommandResult): Verdict {
  const error = stderr.split('\n').find((line) => /error/i.test(line)) ?? stdout;
  return { kind: 'broken', why: `exit ${code} without a report: ${firstLine(error)}` };
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, WHY_CHARACTERS_MAX);
}

/** Which of the tests a run of all of them did not pass; for the unbroken copy it must be none. */
export function notPassed(tests: readonly NamedTest[], result: CommandResult): readonly string[] {
  const report = reportOf<TestReport>(result);
  if (result.timedOut) return ['all of them: no answer within their time; --patience gives more'];
  if (report === null) return [unreadable(result).why];
  return tests.flatMap(({ file, title }) => {
    const results = report.testResults
      .filter(({ name }) => name.endsWith(file))
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => fullName.includes(title));
    const good = results.length > 0 && results.every(({ status }) => status === 'passed');
    return good ? [] : [`${file}: ${title}`];
  });
}
