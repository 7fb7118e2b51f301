import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { MUTANTS } from './catalogue/index.ts';
import { mutate } from './mutant.ts';
import { ROOT } from './workspace.ts';

describe('the catalogue of mutants', () => {
  it.each(MUTANTS)('has a text of $name that stands once in its file, and another one for it', (mutant) => {
    const source = readFileSync(join(ROOT, mutant.file), 'utf8');
    expect(mutate(source, mutant)).not.toBe(source);
  });

  it('names every mutant once, and for each a detector that exists', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    const files = MUTANTS.flatMap(({ detector }) => (detector.kind === 'test' ? [detector.file] : []));
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('has a mutant for every kept plan, so that a plan that fails no more with its bug is noticed', () => {
    const seen = MUTANTS.flatMap(({ detector }) =>
      detector.kind === 'test' && detector.file === 'test/simulation/regressions.test.ts'
        ? [detector.title]
        : [],
    );
    const plans = readdirSync(join(ROOT, 'test/simulation/regressions'));
    const tied = (plan: string) => seen.some((title) => `keeps every invariant: ${plan}`.startsWith(title));
    expect(plans.filter((plan) => !tied(plan))).toEqual([]);
  });

  it('breaks production code, or what the simulator excuses, and that nowhere but in the copy', () => {
    const production = MUTANTS.filter(({ file }) => !file.startsWith('test/simulation/'));
    const folders = new Set(production.map(({ file }) => file.split('/', 1)[0]));
    expect([...folders].sort()).toEqual(['node', 'operator-cli', 'sensor-client', 'src']);
  });
});

test('a mutant whose text is gone, or stands there twice, is refused by name', () => {
  const [mutant] = MUTANTS;
  if (mutant === undefined) throw new Error('expected a mutant');
  const own = { ...mutant, name: 'own', find: 'a + b', replace: '$& $1' };
  expect(mutate('return a + b;', own)).toBe('return $& $1;');
  expect(() => mutate('return a - b;', own)).toThrow(/mutant own: .* found it 0 times/);
  expect(() => mutate('return a + b + (a + b);', own)).toThrow(/found it 2 times/);
});
