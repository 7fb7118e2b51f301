import { createHash } from 'node:crypto';
import { labelledInput } from '../../src/foundation/index.ts';

/**
 * `labelledHash` of kilobytes, by the platform: a node hashes a settlement of 18 KB a few times in the life of a window,
 * which is too seldom for the core's own function ever to be compiled.
 */
export function longHash(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(labelledInput(purpose, ...fields))
      .digest(),
  );
}
