import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../../src/ports/index.ts';

/** Every choice of a simulation comes from one of these, so that the seed alone decides what happens. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** The port that components are given in place of the platform's generator. */
  readonly bytes: RandomBytes;
  /**
   * An independent generator named by the path of labels, not by what was drawn before: taking one operation
   * out of a plan leaves every other component's choices as they were.
   */
  fork(label: string): Random;
}

export function createRandom(seed: string): Random {
  const next = sfc32(seed);
  const fraction = () => next() / 4_294_967_296;
  const between = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1));
  return {
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick<T>(choices: readonly T[]): T {
      const choice = choices[between(0, choices.length - 1)];
      if (choice === undefined) throw new Error('expected something to choose from');
      return choice;
    },
    bytes(length) {
      const bytes = new Uint8Array(length);
      let word = 0;
      for (let i = 0; i < length; i++) {
        if (i % 4 === 0) word = next();
        bytes[i] = word & 0xff;
        word >>>= 8;
      }
      return bytes;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

/** A copy with one bit the other way. */
export function withFlippedBit(random: Random, bytes: Uint8Array): Uint8Array {
  const damaged = bytes.slice();
  const at = random.between(0, bytes.length - 1);
  damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
  return damaged;
}

/** Chris Doty-Humphrey's sfc32, seeded with 96 bits of a hash: fast, and the same on every machine. */
function sfc32(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
}
