import type { CommandResult } from './command.ts';
import { argumentsOf, run } from './command.ts';
import type { Detector, Mutant, NamedTest } from './mutant.ts';
import type { Verdict } from './verdict.ts';
import { notPassed, verdictOf } from './verdict.ts';
import type { Workspace } from './workspace.ts';
import { createWorkspace } from './workspace.ts';

/** Time of one detector on one mutant; each takes a few seconds on an idle core. */
export const MUTANT_MS_MAX = 30_000;
/** Time of all named tests together on the unbroken copy. */
const BASELINE_MS_MAX = 300_000;

export interface MutantReport extends Verdict {
  readonly name: string;
  readonly breaks: string;
  readonly detector: Detector;
  readonly seconds: number;
}

export interface CampaignOptions {
  /** Mutants at the same time. */
  readonly jobs: number;
  /** Multiplies every time limit, for a machine that does other work as well. */
  readonly patience: number;
  /** Hears of every mutant when it is through. */
  readonly told: (report: MutantReport) => void;
}

/**
 * Runs every detector on the unbroken copy, then each mutant's detector on the copy with that mutant.
 * @throws Error when a detector does not pass on the unbroken copy, or a mutant's text is not in its file.
 */
export async function runCampaign(
  mutants: readonly Mutant[],
  { jobs, patience, told }: CampaignOptions,
): Promise<readonly MutantReport[]> {
  const workspaces = await Promise.all(Array.from({ length: jobs }, createWorkspace));
  try {
    const baseline = baselineOf(
      mutants.map(({ detector }) => detector),
      jobs,
    );
    await inTurns(workspaces, baseline, (check, workspace) => check(workspace, patience));
    const reports = await inTurns(workspaces, mutants, async (mutant, workspace) => {
      const report = await tryMutant(mutant, workspace, patience);
      told(report);
      return report;
    });
    return reports;
  } finally {
    await Promise.all(workspaces.map((workspace) => workspace.remove()));
  }
}

async function tryMutant(mutant: Mutant, workspace: Workspace, patience: number): Promise<MutantReport> {
  const from = performance.now();
  const { name, breaks, detector } = mutant;
  const takeOut = await workspace.plant(mutant);
  try {
    const result = await look(detector, workspace, MUTANT_MS_MAX * patience);
    const seconds = Math.round((performance.now() - from) / 100) / 10;
    return { name, breaks, detector, seconds, ...verdictOf(detector, result) };
  } finally {
    await takeOut();
  }
}

function look(detector: Detector, { folder, tests }: Workspace, limitMs: number): Promise<CommandResult> {
  return detector.kind === 'test'
    ? tests.run([detector], limitMs)
    : run(argumentsOf(detector), folder, limitMs);
}

type BaselineCheck = (workspace: Workspace, patience: number) => Promise<void>;

/** Every detector once: the named tests in a run for each copy, the longest simulation for all of them. */
function baselineOf(detectors: readonly Detector[], copies: number): readonly BaselineCheck[] {
  const named = detectors.filter((detector) => detector.kind === 'test');
  const seeds = Math.max(0, ...detectors.map((one) => (one.kind === 'simulation' ? one.seeds : 0)));
  const scopes = new Set(detectors.flatMap((one) => (one.kind === 'model' ? [one.only] : [])));
  const others: Detector[] = [...scopes].map((only) => ({ kind: 'model', only }));
  if (seeds > 0) others.unshift({ kind: 'simulation', seeds });
  return [
    ...inParts(named, copies).map(
      (tests): BaselineCheck =>
        async (workspace, patience) => {
          const result = await workspace.tests.run(tests, BASELINE_MS_MAX * patience);
          const failed = notPassed(tests, result);
          if (failed.length > 0) throw baselineError(failed);
        },
    ),
    ...others.map(
      (detector): BaselineCheck =>
        async (workspace, patience) => {
          const result = await look(detector, workspace, BASELINE_MS_MAX * patience);
          const { kind, why } = verdictOf(detector, result);
          if (kind !== 'survived') throw baselineError([`${JSON.stringify(detector)} (${why})`]);
        },
    ),
  ];
}

/** The tests of one file stay together. */
function inParts(tests: readonly NamedTest[], parts: number): readonly (readonly NamedTest[])[] {
  const files = [...new Set(tests.map(({ file }) => file))];
  const partOf = ({ file }: NamedTest) => files.indexOf(file) % parts;
  return Array.from({ length: parts }, (_, part) => tests.filter((test) => partOf(test) === part)).filter(
    ({ length }) => length > 0,
  );
}

function baselineError(failed: readonly string[]): Error {
  return new Error(`these detectors do not pass without a mutant:\n  ${[...new Set(failed)].join('\n  ')}`);
}

/** Each workspace takes the next item when it is free; results in the order of the items. */
async function inTurns<Item, Result>(
  workspaces: readonly Workspace[],
  items: readonly Item[],
  work: (item: Item, workspace: Workspace) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  await Promise.all(
    workspaces.map(async (workspace) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [place, item] = next;
        results[place] = await work(item, workspace);
      }
    }),
  );
  return results;
}
