import { EngineError } from './errors.ts';

/**
 * What the text of a file means. A command reads several files, and the errors of their parsers know none of them.
 * @throws EngineError the parser's own, with the file in front of its message
 */
export async function inFile<T>(path: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `${path}: ${error.message}`, error.details, { cause: error });
  }
}
