import type { ElementPool } from '../src/arithmetic/index.ts';
import type { RandomBytes, Sealing } from '../src/ports/index.ts';
import type { FlagKey } from '../src/protocol/index.ts';
import { isSeeded, seededShare, shareContent } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { lastShare, SEED_BYTES, splitEncoded } from '../src/sharing/index.ts';

/** What one flag is to stand for. */
export interface Measured {
  /** Encoded reading vectors, one after another. */
  readonly vectors: Uint8Array;
  /** How many there are: as many as readings, or one that is the sum of theirs. */
  readonly vectorCount: number;
  /** Readings behind the flag. */
  readonly count: number;
}

export interface SplitShares {
  readonly pool: ElementPool;
  readonly randomBytes: RandomBytes;
  readonly expand: Sealing['expand'];
}

/**
 * Splits what a flag stands for, anew at each call: what goes to each domain of the stream, in its order. In a stream
 * of seeds all but the last are seeds.
 */
export function splitShares(
  { pool, randomBytes, expand }: SplitShares,
  stream: StreamDocument,
  key: FlagKey,
  { vectors, vectorCount }: Measured,
): readonly Uint8Array[] {
  // A copy: the vectors become the last share, and a reading may need another split.
  const fresh = vectors.slice();
  const domains = stream.domains.length;
  const parts = (): readonly Uint8Array[] => {
    if (!stream.seeds) return splitEncoded(fresh, domains, pool);
    const seeds = stream.domains.flatMap((_, index) =>
      isSeeded(stream, index) ? [randomBytes(SEED_BYTES)] : [],
    );
    const elements = vectorCount * stream.elements.length;
    const masks = seeds.map((seed, index) => seededShare(expand, key, index, key, seed, elements));
    return [...seeds, lastShare(fresh, masks)];
  };
  return parts().map((part) => shareContent(stream, vectorCount, part));
}
