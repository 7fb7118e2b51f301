/** A command of package.json with its arguments; what it prints as JSON is counted. */
export interface SoakStep {
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What one run adds to the totals of the soak; absent where the command prints no JSON. */
  readonly countsOf?: (report: Report) => Totals;
}

/** The object that a command prints under --json. */
export type Report = Readonly<Record<string, unknown>>;
export type Totals = Readonly<Record<string, number>>;

/** Seeds and kills of one round: small, so that a soak ends soon after its time, and every part comes often. */
const SEEDS_PER_ROUND = 60;
const KILLS_PER_ROUND = 20;

/** A soak's machine may have other work too; a mutant that hangs is still seen, only later. */
const MUTANTS_PATIENCE = 10;

/** Once, before the rounds: what finds nothing new when it is repeated, and the tests under a fresh seed. */
export function firstSteps(freshSeed: () => number): readonly SoakStep[] {
  return [
    { script: 'test', args: [], env: { SEED: String(freshSeed()) } },
    { script: 'model-check', args: ['--json'], countsOf: picked({ states: 'states explored' }) },
    {
      script: 'mutants',
      args: ['--patience', String(MUTANTS_PATIENCE), '--json'],
      countsOf: picked({ killed: 'mutants killed' }),
    },
    { script: 'attack', args: [] },
  ];
}

/** One round; every seed in it is a new one. */
export function roundOf(round: number, freshSeed: () => number): readonly SoakStep[] {
  const shapes = [
    ['3x2', 'one'],
    ['3x3', 'one'],
    ['3x2', 'domain-each'],
    ['3x3', 'domain-each'],
  ] as const;
  const [nodes, mode] = shapes[round % shapes.length] ?? shapes[0];
  return [
    {
      script: 'simulate',
      args: ['--seeds', String(SEEDS_PER_ROUND), '--seed', String(freshSeed()), '--shrink', '--json'],
      countsOf: (report) => ({
        ...picked({ seeds: 'seeds', events: 'events', simulatedHours: 'simulated hours' })(report),
        'faults injected': sumOf(report.faults),
      }),
    },
    {
      script: 'kill',
      args: [
        ...['--nodes', nodes, '--mode', mode, '--kills', String(KILLS_PER_ROUND)],
        ...['--seed', String(freshSeed()), '--json'],
      ],
      countsOf: picked({
        kills: 'real kills',
        pauses: 'real pauses',
        committed: 'real readings committed',
        lost: 'lost',
        doubled: 'doubled',
      }),
    },
    { script: 'test', args: ['test/reliability/damage.test.ts'], env: { SEED: String(freshSeed()) } },
  ];
}

export function addTotals(one: Totals, other: Totals): Totals {
  const sum: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** The last line of a soak: what was run, and whether all of it held. */
export function summaryLine(totals: Totals, hours: number, failed: string | null): string {
  const parts = Object.entries(totals).map(
    ([name, count]) => `${(Math.round(count * 10) / 10).toLocaleString('en')} ${name}`,
  );
  const end = failed === null ? 'nothing failed' : `FAILED at ${failed}`;
  return `soak of ${hours.toFixed(2)} hours: ${[...parts, end].join(', ')}`;
}

/** The command as a person would type it. */
export function commandOf({ script, args, env = {} }: SoakStep): string {
  const before = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [
    ...before,
    'npm',
    script === 'test' ? 'test' : `run ${script}`,
    ...(args.length > 0 ? ['--'] : []),
    ...args,
  ].join(' ');
}

/** Takes numbers out of a report, under the names that they have in the totals. */
function picked(names: Readonly<Record<string, string>>): (report: Report) => Totals {
  return (report) =>
    Object.fromEntries(Object.entries(names).map(([from, to]) => [to, numberAt(report, from)]));
}

function numberAt(report: Report, name: string): number {
  const value = report[name];
  if (typeof value !== 'number')
    throw new Error(`expected a number ${name} in the report, got ${String(value)}`);
  return value;
}

function sumOf(counts: unknown): number {
  if (typeof counts !== 'object' || counts === null) throw new Error('expected counts in the report');
  return Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0);
}
