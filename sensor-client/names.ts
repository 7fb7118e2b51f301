import { EngineError } from '../src/foundation/index.ts';
import type { StreamHash } from '../src/ring/index.ts';
import { streamHash } from '../src/ring/index.ts';

/** @throws EngineError `INVALID_ARGUMENT` when the text is not 64 lower-case hex digits. */
export function readStreamHash(text: string): StreamHash {
  if (/^[0-9a-f]{64}$/.test(text)) return streamHash(text);
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected the hash of a stream, 64 lower-case hex digits as \`m-cloud stream list\` prints them, got ${text.length} characters`,
  );
}
