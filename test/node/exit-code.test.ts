import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { nodeExitCode } from '../../node/exit-code.ts';
import { EngineError } from '../../src/foundation/index.ts';

describe('the command of a node ends', () => {
  it.each([
    'INVALID_ARGUMENT',
    'ADDRESS_IN_USE',
    'DATA_FOLDER_UNUSABLE',
    'STORE_LOCKED',
    'MALFORMED_TEXT',
    'RING_REFUSED',
  ] as const)('with 2 for %s, which a person has to change', (code) =>
    expect(nodeExitCode(new EngineError(code, 'expected another one'))).toBe(2),
  );

  it('with 1 for other failures, foreseen or not', () => {
    expect(nodeExitCode(new EngineError('STORE_FAILED', 'the disk is full'))).toBe(1);
    expect(nodeExitCode(new EngineError('ROW_CORRUPT', 'a document'))).toBe(1);
    expect(nodeExitCode(new EngineError('UNREACHABLE', 'no answer'))).toBe(1);
    expect(nodeExitCode(new Error('unforeseen'))).toBe(1);
    expect(nodeExitCode(undefined)).toBe(1);
  });

  it('with 2 for wrong arguments and 0 for its help, whatever commander would end with', () => {
    expect(nodeExitCode(new CommanderError(1, 'commander.unknownOption', ''))).toBe(2);
    expect(nodeExitCode(new CommanderError(0, 'commander.helpDisplayed', ''))).toBe(0);
  });

  it('so as a process, under a command of its own too', { timeout: 60_000 }, async () => {
    const args = ['--import', 'tsx', 'node/main.ts', 'health', '--config', 'node.json', '--typo'];
    const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'close');
    expect(code).toBe(2);
  });
});
