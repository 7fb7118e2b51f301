import type { Check } from './check.ts';
import type { Exploration } from './explore/explorer.ts';
import { explore } from './explore/explorer.ts';

/** What one check came to. */
export interface CheckReport {
  readonly name: string;
  readonly shows: string;
  readonly expects: Check['expects'];
  readonly verdict: Exploration['verdict'];
  readonly passed: boolean;
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  readonly reason: string;
  readonly trace: readonly string[];
}

export function runCheck(check: Check): CheckReport {
  const from = performance.now();
  const found = explore(check.model(), check.statesMax);
  const { name, shows, expects } = check;
  return {
    name,
    shows,
    expects,
    verdict: found.verdict,
    passed: found.verdict === expects,
    states: found.states,
    depth: found.depth,
    seconds: Math.round(performance.now() - from) / 1_000,
    reason: found.verdict === 'violated' ? found.reason : '',
    trace: found.verdict === 'violated' ? found.trace : [],
  };
}

/** One line for a check that passed; with the trace for one that did not, or for all. */
export function reportText(report: CheckReport, withTrace: boolean): string {
  const { name, passed, verdict, expects, states, depth, seconds, reason, trace } = report;
  const figures = `${states.toLocaleString('en')} states, depth ${depth}, ${seconds.toFixed(1)} s`;
  const lines = [
    `${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(30)} ${outcomeText(verdict, expects)} (${figures})`,
  ];
  if (withTrace || !passed) {
    lines.push(`       ${report.shows}`);
    if (reason !== '') lines.push(`       ${reason}, in ${trace.length} steps:`);
    lines.push(...trace.map((step, n) => `       ${String(n + 1).padStart(2)}. ${step}`));
  }
  return lines.join('\n');
}

function outcomeText(verdict: CheckReport['verdict'], expects: CheckReport['expects']): string {
  if (verdict === 'cut') return 'cut: too many states, nothing is proven';
  if (verdict === 'holds')
    return expects === 'holds' ? 'holds' : 'holds, but the broken variant should be found';
  return expects === 'violated' ? 'found' : 'VIOLATED';
}
