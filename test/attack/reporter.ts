import type { Reporter, TestCase } from 'vitest/node';

/** One line per attack, and the count of all of them as the last line. */
export default class AttackReporter implements Reporter {
  #passed = 0;
  #failed = 0;

  onTestCaseResult(attack: TestCase): void {
    const { state, errors } = attack.result();
    // Left out by the caller's own filter.
    if (state === 'skipped') return;
    if (state === 'passed') {
      this.#passed += 1;
      const { extent } = attack.meta();
      say(`${attack.name}: ${extent === undefined ? 'refused' : `extent: ${extent}`}`);
      return;
    }
    this.#failed += 1;
    say(`${attack.name}: FAILED`);
    for (const { message, stack } of errors ?? []) say(`  ${stack ?? message}`);
  }

  onTestRunEnd(
    modules: Parameters<NonNullable<Reporter['onTestRunEnd']>>[0],
    unhandled: Parameters<NonNullable<Reporter['onTestRunEnd']>>[1],
  ): void {
    // What did not even load attacked nothing.
    const broken = [...unhandled, ...modules.flatMap((module) => module.errors())];
    for (const { message, stack } of broken) say(`  ${stack ?? message}`);
    say(`${this.#passed} passed, ${this.#failed + broken.length} failed`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
