import { EngineError, invariant } from '../foundation/index.ts';
import { ELEMENT_BYTES } from './element-codec.ts';
import { type FieldElement, fieldElement } from './field.ts';

/** 32-bit limbs of an element. */
const LIMBS = 4;
const LIMB_BYTES = ELEMENT_BYTES / LIMBS;

/** Vectors beyond it are read by the word. A view of a shorter one would cost more than it saves. */
const LONG_BYTES = 512;

/**
 * Limbs that may be added before carries must be taken: each is below 2^32 and a double counts exactly to
 * 2^53, so one addition more could lose a unit and the sum would be wrong without any sign of it.
 */
export const LIMB_ADDITIONS_MAX = 2 ** 21;

/**
 * A running sum of shares: per element four sums of 32-bit limbs, lowest first, kept in doubles and carried
 * lazily. Adding a reading of three elements costs nanoseconds; the same in `bigint` costs a hundred times that.
 */
export interface LimbSum {
  readonly limbs: Float64Array;
  /** Limbs (below 2^32) that each entry of `limbs` is the sum of. */
  additions: number;
}

/** The empty sum of vectors of `elements` elements. */
export function createLimbSum(elements: number): LimbSum {
  invariant(Number.isSafeInteger(elements) && elements >= 0, 'expected a number of elements');
  return { limbs: new Float64Array(elements * LIMBS), additions: 0 };
}

/**
 * Adds the encoded vector at `offset` of `shareBytes`. Elements must be canonical already ({@link checkElements});
 * others would still be added as the residue they stand for.
 * @throws EngineError `WRONG_VECTOR_LENGTH` when fewer bytes are left than the vector has, or more without an offset.
 */
export function addToLimbSum(sum: LimbSum, shareBytes: Uint8Array, offset?: number): void {
  accumulate(sum, shareBytes, 1, offset);
}

/**
 * Adds encoded vectors that follow one another, at most {@link LIMB_ADDITIONS_MAX}: one limb of all of them after the
 * other, read as a word, because a sum in a register costs a third of one in the array.
 * @throws EngineError `WRONG_VECTOR_LENGTH` for bytes that are no whole number of vectors, or none
 */
export function addAllToLimbSum(sum: LimbSum, vectors: Uint8Array): void {
  const { limbs } = sum;
  const vectorBytes = limbs.length * LIMB_BYTES;
  if (vectors.length === 0 || vectors.length % vectorBytes !== 0) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected vectors of ${vectorBytes} bytes, got ${vectors.length} bytes`,
    );
  }
  const count = vectors.length / vectorBytes;
  invariant(count < LIMB_ADDITIONS_MAX, 'expected fewer vectors than limb sums are exact for');
  if (sum.additions + count > LIMB_ADDITIONS_MAX) carryLimbSum(sum);
  const words = viewOf(vectors);
  for (let i = 0; i < limbs.length; i++) {
    let total = limbs[i] ?? 0;
    for (let at = i * LIMB_BYTES; at < vectors.length; at += vectorBytes) total += words.getUint32(at, true);
    limbs[i] = total;
  }
  sum.additions += count;
}

/** Takes an encoded vector back out of a sum. @throws EngineError `WRONG_VECTOR_LENGTH` */
export function subtractFromLimbSum(sum: LimbSum, shareBytes: Uint8Array): void {
  accumulate(sum, shareBytes, -1);
}

function accumulate(sum: LimbSum, shareBytes: Uint8Array, sign: 1 | -1, offset?: number): void {
  const limbs = sum.limbs;
  const bytes = limbs.length * LIMB_BYTES;
  const left = shareBytes.length - (offset ?? 0);
  if (offset === undefined ? left !== bytes : left < bytes || offset < 0) {
    throw new EngineError('WRONG_VECTOR_LENGTH', `expected ${bytes} bytes, got ${left}`);
  }
  if (sum.additions === LIMB_ADDITIONS_MAX) carryLimbSum(sum);
  let at = offset ?? 0;
  for (let i = 0; i < limbs.length; i++, at += LIMB_BYTES) {
    limbs[i] = (limbs[i] ?? 0) + sign * limbAt(shareBytes, at);
  }
  sum.additions++;
}

/** Adds all of `other` into `into`; `other` may be carried but keeps its value. */
export function mergeLimbSum(into: LimbSum, other: LimbSum): void {
  if (into.limbs.length !== other.limbs.length) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected a sum of ${into.limbs.length / LIMBS} elements, got one of ${other.limbs.length / LIMBS}`,
    );
  }
  if (into.additions + other.additions > LIMB_ADDITIONS_MAX) {
    carryLimbSum(into);
    carryLimbSum(other);
  }
  // Read before the loop: `other` may be `into` itself, and doubling must count both halves.
  const additions = into.additions + other.additions;
  for (let i = 0; i < into.limbs.length; i++) into.limbs[i] = (into.limbs[i] ?? 0) + (other.limbs[i] ?? 0);
  into.additions = additions;
}

/** The sum so far, reduced; the sum itself stays usable. */
export function limbSumElements(sum: LimbSum): FieldElement[] {
  const elements: FieldElement[] = [];
  for (let i = 0; i < sum.limbs.length; i += LIMBS) {
    let value = 0n;
    for (let j = LIMBS - 1; j >= 0; j--) value = (value << 32n) + BigInt(sum.limbs[i + j] ?? 0);
    elements.push(fieldElement(value));
  }
  return elements;
}

/**
 * Subtracts every share of `subtrahends` from the encoded vector `minuend`, in place and modulo p: the last
 * share of a split, without a `bigint` per element. All of them must be canonical.
 */
export function subtractInPlace(minuend: Uint8Array, subtrahends: readonly Uint8Array[]): void {
  invariant(subtrahends.length < LIMB_ADDITIONS_MAX, 'expected fewer shares than limb sums are exact for');
  for (const share of subtrahends) {
    invariant(share.length === minuend.length, 'expected shares as long as the vector');
  }
  if (minuend.length > LONG_BYTES) subtractByWords(minuend, subtrahends);
  else subtractByBytes(minuend, subtrahends);
}

function subtractByWords(minuend: Uint8Array, subtrahends: readonly Uint8Array[]): void {
  const words = viewOf(minuend);
  const shares = subtrahends.map(viewOf);
  for (let at = 0; at < minuend.length; at += ELEMENT_BYTES) {
    let limb0 = words.getUint32(at, true);
    let limb1 = words.getUint32(at + 4, true);
    let limb2 = words.getUint32(at + 8, true);
    let limb3 = words.getUint32(at + 12, true);
    for (const share of shares) {
      limb0 -= share.getUint32(at, true);
      limb1 -= share.getUint32(at + 4, true);
      limb2 -= share.getUint32(at + 8, true);
      limb3 -= share.getUint32(at + 12, true);
    }
    writeReduced(minuend, at, limb0, limb1, limb2, limb3);
  }
}

function subtractByBytes(minuend: Uint8Array, subtrahends: readonly Uint8Array[]): void {
  for (let at = 0; at < minuend.length; at += ELEMENT_BYTES) {
    let limb0 = limbAt(minuend, at);
    let limb1 = limbAt(minuend, at + 4);
    let limb2 = limbAt(minuend, at + 8);
    let limb3 = limbAt(minuend, at + 12);
    for (const share of subtrahends) {
      limb0 -= limbAt(share, at);
      limb1 -= limbAt(share, at + 4);
      limb2 -= limbAt(share, at + 8);
      limb3 -= limbAt(share, at + 12);
    }
    writeReduced(minuend, at, limb0, limb1, limb2, limb3);
  }
}

/**
 * Encodes a safe integer at `at`, a negative one as what it is modulo p: a reading's element without a `bigint`.
 */
export function writeInteger(bytesOut: Uint8Array, at: number, value: number): void {
  writeReduced(bytesOut, at, value, 0, 0, 0);
}

const LIMB_BASE = 2 ** 32;

/** p = 2^128 - 28 * 2^64 + 1, so 2^128 is 28 * 2^64 - 1 modulo p. */
const FOLD = 28;

/** Writes the residue of limb0 + limb1 * 2^32 + limb2 * 2^64 + limb3 * 2^96 < p, each limb below 2^53 in size. */
function writeReduced(
  out: Uint8Array,
  at: number,
  limb0: number,
  limb1: number,
  limb2: number,
  limb3: number,
): void {
  let l0 = limb0;
  let l1 = limb1;
  let l2 = limb2;
  let l3 = limb3;
  let top: number;
  // Borrows run to the top; what leaves the top comes back folded, which adds p once per unit. A fold leaves the
  // value below 2^128 - 28 * 2^64 + 1 = p, and what was never folded is the minuend or less: nothing is left to
  // subtract at the end.
  do {
    let carry = Math.floor(l0 / LIMB_BASE);
    l0 -= carry * LIMB_BASE;
    l1 += carry;
    carry = Math.floor(l1 / LIMB_BASE);
    l1 -= carry * LIMB_BASE;
    l2 += carry;
    carry = Math.floor(l2 / LIMB_BASE);
    l2 -= carry * LIMB_BASE;
    l3 += carry;
    top = Math.floor(l3 / LIMB_BASE);
    l3 -= top * LIMB_BASE;
    l0 -= top;
    l2 += FOLD * top;
  } while (top !== 0);
  writeLimb(out, at, l0);
  writeLimb(out, at + 4, l1);
  writeLimb(out, at + 8, l2);
  writeLimb(out, at + 12, l3);
}

/** Replaces the sums by the limbs of their residues, which count as one addition. */
function carryLimbSum(sum: LimbSum): void {
  let i = 0;
  for (const element of limbSumElements(sum)) {
    for (let j = 0; j < LIMBS; j++) sum.limbs[i++] = Number((element >> BigInt(32 * j)) & 0xffffffffn);
  }
  sum.additions = 1;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function limbAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}

function writeLimb(bytes: Uint8Array, at: number, limb: number): void {
  bytes[at] = limb;
  bytes[at + 1] = limb >>> 8;
  bytes[at + 2] = limb >>> 16;
  bytes[at + 3] = limb >>> 24;
}
