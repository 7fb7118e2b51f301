import {
  addAllToLimbSum,
  addToLimbSum,
  createElementPool,
  createLimbSum,
  ELEMENT_BYTES,
  encodeElements,
  type FieldElement,
  fieldElement,
  type LimbSum,
  limbSumElements,
  MODULUS,
} from '../../../src/arithmetic/index.ts';
import { concat } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../../src/platform/index.ts';
import type { ReadingSchema } from '../../../src/sharing/index.ts';
import { combine, encodeReading, momentElements, split } from '../../../src/sharing/index.ts';
import { benchReadings } from '../bench-readings.ts';
import type { Comparison, Sample } from '../comparison.ts';
import { timed } from '../stopwatch.ts';

const SPLIT_DOMAINS = 3;
/** Readings of a flush: a sensor seals once per flush and domain. */
const FLUSH = 512;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const FIELD = { name: 'x', unit: '', decimals: 1, offset: '0', min: '-50', max: '60' };
const SCHEMA: ReadingSchema = { fields: [FIELD], elements: momentElements([FIELD], 2) };
const ELEMENTS = SCHEMA.elements.length;

type Split = (vector: readonly FieldElement[]) => readonly Uint8Array[];

/** What a sensor computes for one reading, from its decimal text to the bytes of its shares. */
export function splitRow({ readings }: { readonly readings: number }): Comparison {
  const texts = benchReadings(readings);
  const pool = createElementPool(cryptoRandomBytes);
  return {
    name: 'split',
    unit: 'microseconds of CPU per reading',
    peerName: 'plain BigInt split',
    target: 'ours <= 5',
    note: `${ELEMENTS} elements, ${SPLIT_DOMAINS} domains, one thread, encoding of the reading and adding up its shares included on both sides`,
    ours: () => splitSample(texts, (vector) => split(vector, SPLIT_DOMAINS, pool)),
    peer: () => splitSample(texts, plainSplit),
  };
}

/** The same shares the plain way: one draw, one subtraction and one encoding per element, all in bigint. */
function plainSplit(vector: readonly FieldElement[]): readonly Uint8Array[] {
  const masks = Array.from({ length: SPLIT_DOMAINS - 1 }, () => vector.map(drawElement));
  const last = vector.map((element, i) =>
    fieldElement(masks.reduce((left: bigint, mask) => left - (mask[i] ?? 0n), element)),
  );
  return [...masks, last].map(encodeElements);
}

function drawElement(): FieldElement {
  for (;;) {
    let draw = 0n;
    for (const byte of cryptoRandomBytes(ELEMENT_BYTES)) draw = (draw << 8n) | BigInt(byte);
    if (draw < MODULUS) return fieldElement(draw);
  }
}

/** Splits readings, adds their shares up per domain, and compares the sums. */
async function splitSample(texts: readonly string[], splitOne: Split): Promise<Sample> {
  // Added up as they come: keeping every share would measure the memory and not the splitting.
  const sums = Array.from({ length: SPLIT_DOMAINS }, () => createLimbSum(ELEMENTS));
  const { cpuMicros } = await timed(() => {
    for (const text of texts) {
      const shares = splitOne(encodeReading(SCHEMA, text));
      for (const [domain, sum] of sums.entries()) addToLimbSum(sum, shares[domain] ?? new Uint8Array(0));
    }
  });
  return { amount: cpuMicros / texts.length, exact: areExact(sums, texts) };
}

/** Splits readings as a sensor does and seals each flush to every domain; opened and added up after the measurement. */
export async function splitAndSealSample(texts: readonly string[]): Promise<Sample> {
  const pool = createElementPool(cryptoRandomBytes);
  const keys = Array.from({ length: SPLIT_DOMAINS }, () => cryptoRandomBytes(KEY_BYTES));
  const bound = new Uint8Array(0);
  const packets: { readonly domain: number; readonly nonce: Uint8Array; readonly sealed: Uint8Array }[] = [];
  const { cpuMicros } = await timed(async () => {
    for (let at = 0; at < texts.length; at += FLUSH) {
      const flush = texts
        .slice(at, at + FLUSH)
        .map((text) => split(encodeReading(SCHEMA, text), SPLIT_DOMAINS, pool));
      for (const [domain, key] of keys.entries()) {
        const shares = concat(...flush.map((of) => of[domain] ?? new Uint8Array(0)));
        const nonce = cryptoRandomBytes(NONCE_BYTES);
        packets.push({ domain, nonce, sealed: await nodeSealing.seal(key, nonce, bound, shares) });
      }
    }
  });
  const sums = Array.from({ length: SPLIT_DOMAINS }, () => createLimbSum(ELEMENTS));
  for (const { domain, nonce, sealed } of packets) {
    const [key, sum] = [keys[domain], sums[domain]];
    const shares = key === undefined ? null : await nodeSealing.open(key, nonce, bound, sealed);
    if (shares === null || sum === undefined) return { amount: Number.NaN, exact: false };
    addAllToLimbSum(sum, shares);
  }
  return { amount: cpuMicros / texts.length, exact: areExact(sums, texts) };
}

function areExact(sums: readonly LimbSum[], texts: readonly string[]): boolean {
  const combined = combine(sums.map((sum) => encodeElements(limbSumElements(sum))));
  const plain = plainSums(texts);
  return combined.every((sum, i) => sum === plain[i]) && combined.length === plain.length;
}

/** The sums over all readings of count, x and x^2, in tenths. */
function plainSums(texts: readonly string[]): readonly FieldElement[] {
  const sums = new Array<bigint>(ELEMENTS).fill(0n);
  for (const text of texts) {
    const tenths = BigInt(Math.round(Number(text) * 10));
    for (let power = 0; power < ELEMENTS; power++)
      sums[power] = (sums[power] ?? 0n) + tenths ** BigInt(power);
  }
  return sums.map((sum) => fieldElement(sum));
}
