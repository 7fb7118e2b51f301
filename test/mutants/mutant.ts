/** A test of a file of the repository; the title may be the beginning of it. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** What is run against a mutant: the cheapest check that must see it. */
export type Detector =
  | ({ readonly kind: 'test' } & NamedTest)
  /** So many runs of the simulator. */
  | { readonly kind: 'simulation'; readonly seeds: number }
  /** The checks of the model checker whose name contains the text. */
  | { readonly kind: 'model'; readonly only: string };

/** One seeded bug: a text of the production code replaced by a wrong one, in a copy of the source. */
export interface Mutant {
  readonly name: string;
  /** The invariant or rule it breaks, and how. */
  readonly breaks: string;
  readonly file: string;
  /** Source text that occurs exactly once, so that a mutant of code that has changed is noticed. */
  readonly find: string;
  readonly replace: string;
  readonly detector: Detector;
}

export function byTest(file: string, title: string): Detector {
  return { kind: 'test', file: `test/${file}.test.ts`, title };
}

/** The plan in test/simulation/regressions that was kept of a seed. */
export function byKeptPlan(seed: number): Detector {
  return byTest('simulation/regressions', `keeps every invariant: seed-${seed}-`);
}

export function bySimulation(seeds: number): Detector {
  return { kind: 'simulation', seeds };
}

export function byModel(only: string): Detector {
  return { kind: 'model', only };
}

/** The source with its bug. @throws Error where the text to replace does not stand there exactly once. */
export function mutate(source: string, { name, file, find, replace }: Mutant): string {
  const times = source.split(find).length - 1;
  if (times !== 1) {
    throw new Error(`mutant ${name}: expected its text once in ${file}, found it ${times} times`);
  }
  // A function, because a replacement text would have its dollar signs read as patterns.
  return source.replace(find, () => replace);
}
