import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../operator-cli/program.ts';
import { EXIT_CODES } from '../../src/foundation/index.ts';
import { cli, expectGolden } from './support/cli.ts';

/** Every command of the tree by its words, the program itself as none. */
function commandsOf(command: Command, words: readonly string[] = []): readonly (readonly string[])[] {
  return [words, ...command.commands.flatMap((inner) => commandsOf(inner, [...words, inner.name()]))];
}

const environment = { out: () => undefined, err: () => undefined, columns: 100, colours: false };
// Only the names are read from this tree; no action of it runs.
const commands = commandsOf(createProgram(environment as never));

describe('help', () => {
  it('exists for every command there should be', () => {
    const leaves = commands.map((words) => words.join(' ')).filter((name) => name !== '');
    expect(leaves.toSorted()).toEqual(
      [
        'cluster',
        'cluster init',
        'cluster start',
        'compare',
        'compute',
        'demo',
        'device',
        'device enrol',
        'device init-authority',
        'device list',
        'device push',
        'device revoke',
        'device rotate',
        'doctor',
        'domain',
        'domain add-node',
        'domain init',
        'domain join',
        'domain renew',
        'node',
        'node replace-store',
        'operator',
        'operator init',
        'ring',
        'ring assemble',
        'ring bundle',
        'ring publish',
        'ring show',
        'status',
        'stream',
        'stream create',
        'stream list',
        'stream retire',
        'stream show',
        'window',
        'window open',
        'window seal',
      ].toSorted(),
    );
  });

  it.each(commands.map((words) => [['m-cloud', ...words].join(' '), words] as const))(
    'of %s is as reviewed, on standard output',
    async (name, words) => {
      const run = await cli([...words, '--help']);
      expect(run).toMatchObject({ code: 0, err: '' });
      await expectGolden(`help ${name}.txt`.replaceAll(' ', '-'), run.out);
    },
  );

  it('begins with examples and documents every exit code', async () => {
    const { out } = await cli(['--help']);
    expect(out.startsWith('Examples:\n')).toBe(true);
    for (const { code, meaning } of Object.values(EXIT_CODES)) expect(out).toContain(`${code}  ${meaning}`);
  });

  it('has examples and exit codes for every command that does something', async () => {
    for (const words of commands.filter((candidate) => candidate.length > 0)) {
      const { out } = await cli([...words, '--help']);
      if (out.includes('Commands:')) continue;
      expect(out.startsWith('Examples:\n')).toBe(true);
      expect(out).toContain('Exit codes:');
    }
  });
});
