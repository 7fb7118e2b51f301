import { existsSync, readFileSync } from 'node:fs';
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

  it('breaks production code only, and that nowhere but in the copy', () => {
    const folders = new Set(MUTANTS.map(({ file }) => file.split('/', 1)[0]));
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
