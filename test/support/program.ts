import { allowClosedReaders } from '../../src/platform/closed-reader.ts';

/** An option that a program of this folder does not take, or not with this value. */
export class WrongCall extends Error {}

/** The number of an option. @throws WrongCall */
export function wholeOption(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new WrongCall(`expected --${name} from ${least} to ${most}, got ${text}`);
  }
  return value;
}

/** Runs a developer's program to its exit code; a wrong call ends with 2 and one line instead of a stack trace. */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  allowClosedReaders();
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!isWrongCall(error)) throw error;
    console.error(`${error.message}; --help lists the options`);
    process.exitCode = 2;
  }
}

function isWrongCall(error: unknown): error is Error {
  if (error instanceof WrongCall) return true;
  // What parseArgs of node:util throws.
  return error instanceof TypeError && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS_');
}
