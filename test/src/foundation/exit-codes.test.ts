import { expect, test } from 'vitest';
import { EngineError, EXIT_CODES, exitCodesHelp, exitOf } from '../../../src/foundation/index.ts';

test('every exit has its own number and stands in the help', () => {
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const { code, meaning } of Object.values(EXIT_CODES)) {
    expect(exitCodesHelp()).toContain(`${String(code).padStart(5)}  ${meaning}`);
  }
  expect(exitCodesHelp(['OK'])).toBe('Exit codes:\n    0  done');
});

test('an error ends a command by what its caller can do about it', () => {
  expect(exitOf(new EngineError('INVALID_ARGUMENT', ''))).toBe('USAGE');
  expect(exitOf(new EngineError('READING_TOO_PRECISE', ''))).toBe('INPUT');
  expect(exitOf(new EngineError('UNREACHABLE', ''))).toBe('TRY_AGAIN');
  expect(exitOf(new EngineError('WINDOW_SEALED', ''))).toBe('REFUSED');
  expect(exitOf(new EngineError('INTERNAL', ''))).toBe('FAILED');
  expect(exitOf(new EngineError('ROW_CORRUPT', ''))).toBe('FAILED');
  expect(exitOf(new TypeError('a bug'))).toBe('FAILED');
});
