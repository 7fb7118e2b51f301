import type { ElementPool } from '../src/arithmetic/index.ts';
import type { RandomBytes, Sealing } from '../src/ports/index.ts';
import type { FlagKey } from '../src/protocol/index.ts';
import { beginShareContent, isSeeded, seededShare, shareContentBytes } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { lastShare, SEED_BYTES, splitInto } from '../src/sharing/index.ts';

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
  context: SplitShares,
  stream: StreamDocument,
  key: FlagKey,
  measured: Measured,
): readonly Uint8Array[] {
  const contents = stream.domains.map(
    (_, index) => new Uint8Array(shareContentBytes(stream, index, measured.vectorCount)),
  );
  splitSharesInto(context, stream, key, measured, contents);
  return contents;
}

/** The same where it is to lie. @param contents for each domain as many bytes as `shareContentBytes` says. */
export function splitSharesInto(
  { pool, randomBytes, expand }: SplitShares,
  stream: StreamDocument,
  key: FlagKey,
  { vectors, vectorCount }: Measured,
  contents: readonly Uint8Array[],
): void {
  const parts = contents.map((content) => beginShareContent(stream, vectorCount, content));
  // A copy: the vectors become the last share, and a reading may need another split.
  parts.at(-1)?.set(vectors);
  if (!stream.seeds) {
    splitInto(parts, pool);
    return;
  }
  const elements = vectorCount * stream.elements.length;
  const masks: Uint8Array[] = [];
  parts.forEach((part, index) => {
    if (isSeeded(stream, index)) {
      part.set(randomBytes(SEED_BYTES));
      masks.push(seededShare(expand, key, index, key, part, elements));
    } else lastShare(part, masks);
  });
}
