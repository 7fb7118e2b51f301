import {
  addAllToLimbSum,
  addToLimbSum,
  checkElements,
  createLimbSum,
  ELEMENT_BYTES,
  type ElementPool,
  encodeElements,
  type FieldElement,
  LIMB_ADDITIONS_MAX,
  limbSumElements,
  subtractInPlace,
} from '../arithmetic/index.ts';
import { EngineError, invariant } from '../foundation/index.ts';

/** Trust domains of one stream: with a single one its share would be the reading. */
export const DOMAINS_MIN = 2;

/**
 * Splits a reading vector into one share per domain, 16 bytes per element: all but the last are uniform, the
 * last is the vector minus their sum, so any `domains - 1` of them are independent of the reading. The pool's
 * bytes are used in the order of the shares; the same bytes give the same shares.
 */
export function split(vector: readonly FieldElement[], domains: number, pool: ElementPool): Uint8Array[] {
  return splitEncoded(encodeElements(vector), domains, pool);
}

/**
 * The same for vectors that are encoded already, any number of them one after another.
 * @param vectors becomes the last share: nothing of a reading stays behind.
 */
export function splitEncoded(vectors: Uint8Array, domains: number, pool: ElementPool): Uint8Array[] {
  invariant(
    Number.isSafeInteger(domains) && domains >= DOMAINS_MIN && domains < LIMB_ADDITIONS_MAX,
    'expected at least two domains',
  );
  const masks = Array.from({ length: domains - 1 }, () => new Uint8Array(vectors.length));
  const shares = [...masks, vectors];
  splitInto(shares, pool);
  return shares;
}

/**
 * The same where the shares are to lie, without a copy.
 * @param shares one for each domain; the last one holds the encoded vectors.
 */
export function splitInto(shares: readonly Uint8Array[], pool: ElementPool): void {
  const masks = shares.slice(0, -1);
  for (const mask of masks) pool.take(mask);
  const last = shares.at(-1);
  if (last !== undefined) lastShare(last, masks);
}

/**
 * The share that completes `masks`, wherever they come from.
 * @param vectors encoded; they become that share.
 */
export function lastShare(vectors: Uint8Array, masks: readonly Uint8Array[]): Uint8Array {
  subtractInPlace(vectors, masks);
  return vectors;
}

/**
 * Adds encoded vectors that follow one another, canonical ones, into one.
 * @param elements of one vector.
 * @throws EngineError `WRONG_VECTOR_LENGTH` for bytes that are no whole number of vectors
 */
export function addVectors(vectors: Uint8Array, elements: number): Uint8Array {
  if (vectors.length === elements * ELEMENT_BYTES) return vectors;
  const sum = createLimbSum(elements);
  addAllToLimbSum(sum, vectors);
  return encodeElements(limbSumElements(sum));
}

/**
 * The sum of the shares: of one reading its vector, of the domains' aggregate shares the sums over all readings.
 * @throws EngineError `WRONG_VECTOR_LENGTH`, `ELEMENT_OUT_OF_RANGE`
 */
export function combine(shares: readonly Uint8Array[]): FieldElement[] {
  const bytes = shares[0]?.length ?? 0;
  if (bytes % ELEMENT_BYTES !== 0) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected a multiple of ${ELEMENT_BYTES} bytes, got ${bytes}`,
    );
  }
  const sum = createLimbSum(bytes / ELEMENT_BYTES);
  for (const share of shares) {
    checkElements(share);
    addToLimbSum(sum, share);
  }
  return limbSumElements(sum);
}
