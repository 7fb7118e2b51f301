import { writeFile } from 'node:fs/promises';
import { EngineError } from '../../src/foundation/index.ts';

/**
 * Makes a file that only its owner reads; never over one that is there, which may be the only copy of a key.
 * @throws EngineError `INVALID_ARGUMENT`
 */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a place for a new file, got ${cause.code} at ${path}`,
    );
  });
}
