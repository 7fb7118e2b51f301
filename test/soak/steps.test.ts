import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addTotals, commandOf, firstSteps, roundOf, type SoakStep, summaryLine } from './steps.ts';

const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

let drawn = 0;
const nextSeed = () => ++drawn;
const rounds = [0, 1, 2, 3].map((round) => roundOf(round, nextSeed));
const stepsOf = (script: string): SoakStep[] => rounds.flat().filter((step) => step.script === script);

test('every step of a soak is a command of the package', () => {
  for (const { script } of [...firstSteps(nextSeed), ...rounds.flat()])
    expect(scripts).toHaveProperty(script);
});

test('a soak begins with every other proof that the documents name, and its rounds have the rest', () => {
  const proofs = ['test', 'simulate', 'model-check', 'mutants', 'attack', 'kill'];
  const run = new Set([...firstSteps(nextSeed), ...rounds.flat()].map(({ script }) => script));
  expect([...run].sort()).toEqual(proofs.sort());
});

test('no two steps of a soak use one seed', () => {
  const commands = rounds.flat().map(commandOf);
  const seeds = commands.map((command) => /(?:--seed |SEED=)(\d+)/.exec(command)?.[1]);
  expect(seeds).not.toContain(undefined);
  expect(new Set(seeds).size).toBe(seeds.length);
});

test('four rounds kill nodes in both shapes, one at a time and one of every domain', () => {
  const shapes = stepsOf('kill').map(({ args }) => args.slice(0, 4).join(' '));
  expect(new Set(shapes).size).toBe(4);
});

test('what the steps report adds up to one line', () => {
  const [simulate] = stepsOf('simulate');
  const [kill] = stepsOf('kill');
  const simulated = { seeds: 60, events: 1_000_000, simulatedHours: 3.25, faults: { crash: 2, loss: 5 } };
  const killed = { kills: 20, pauses: 4, committed: 900, lost: 0, doubled: 0 };
  const once = addTotals(simulate?.countsOf?.(simulated) ?? {}, kill?.countsOf?.(killed) ?? {});
  const twice = addTotals(once, once);
  expect(summaryLine(twice, 1.5, null)).toBe(
    'soak of 1.50 hours: 120 seeds, 2,000,000 events, 6.5 simulated hours, 14 faults injected, 40 real kills, ' +
      '8 real pauses, 1,800 real readings committed, 0 lost, 0 doubled, nothing failed',
  );
  expect(summaryLine({}, 0.1, 'npm run kill')).toBe('soak of 0.10 hours: FAILED at npm run kill');
});

test('a report without the numbers it should have is an error and not a zero', () => {
  expect(() => stepsOf('kill')[0]?.countsOf?.({ kills: 20 })).toThrow('expected a number pauses');
  expect(() => stepsOf('simulate')[0]?.countsOf?.({ seeds: 1, events: 1, simulatedHours: 1 })).toThrow();
});
