import { describe, expect, it } from 'vitest';
import type { Code, Engine } from '../../../src/foundation/vector-code.ts';
import {
  and,
  gathered,
  get,
  integer,
  load,
  loop,
  plus,
  rotated,
  set,
  shifted,
  spread,
  store,
  sum,
  swapped,
  tee,
  vectorProgram,
  xor,
} from '../../../src/foundation/vector-code.ts';
import { fc, test } from '../../support/property.ts';

const here = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

class WithoutMemory {
  readonly exports: never;
  constructor() {
    throw new RangeError('Out of memory: Cannot allocate Wasm memory for new instance');
  }
}

/** Two whole numbers, the second of which is a parameter no more, and two vectors. */
const [GIVEN, COUNTER, A, B] = [0, 1, 2, 3];
const [A_AT, B_AT, RESULT_AT] = [16, 32, 48];
const WORDS = 16_384;

/** What a step leaves in memory that holds `words` from the first on. */
function memoryAfter(step: Code, words: readonly number[], given = 0): Uint32Array {
  const program = vectorProgram({ parameters: 1, integers: 1, vectors: 2, step });
  if (program === null) throw new Error('expected an engine with vectors');
  const memory = new Uint32Array(program.memory);
  memory.set(words);
  program.run(given);
  return memory;
}

/** The value of a formula over vectors `A` and `B`. */
function resultOf(formula: Code, a: readonly number[], b: readonly number[]): number[] {
  const base = integer(0);
  const step = [set(A, load(base, A_AT)), set(B, load(base, B_AT)), store(base, RESULT_AT, formula)];
  return [...memoryAfter(step, [0, 0, 0, 0, ...a, ...b]).subarray(RESULT_AT / 4, RESULT_AT / 4 + 4)];
}

const anyWord = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff));
const anyVector = fc.tuple(anyWord, anyWord, anyWord, anyWord);
const rotatedWord = (word: number, bits: number): number => ((word >>> bits) | (word << (32 - bits))) >>> 0;
const swappedWord = (word: number): number => {
  return new DataView(Uint32Array.of(word).buffer).getUint32(0);
};

describe('code over vectors', () => {
  test.prop([anyVector, anyVector, fc.integer({ min: 1, max: 31 })])(
    'does in every lane what the formula says',
    (a, b, bits) => {
      const lanes = (of: (a: number, b: number) => number) =>
        a.map((word, lane) => of(word, b[lane] ?? 0) >>> 0);
      const [va, vb] = [get(A), get(B)];
      expect(resultOf(sum(va, vb), a, b)).toEqual(lanes((x, y) => x + y));
      expect(resultOf(xor(va, vb), a, b)).toEqual(lanes((x, y) => x ^ y));
      expect(resultOf(and(va, vb), a, b)).toEqual(lanes((x, y) => x & y));
      expect(resultOf(shifted(va, bits), a, b)).toEqual(lanes((x) => x >>> bits));
      expect(resultOf(rotated(va, bits), a, b)).toEqual(lanes((x) => rotatedWord(x, bits)));
      expect(resultOf(rotated(tee(B, va), bits, get(B)), a, b)).toEqual(lanes((x) => rotatedWord(x, bits)));
      expect(resultOf(swapped(A), a, b)).toEqual(lanes(swappedWord));
      expect(resultOf(sum(tee(B, va), get(B)), a, b)).toEqual(lanes((x) => x + x));
    },
  );

  test.prop([fc.array(anyWord, { minLength: 40, maxLength: 40 }), fc.nat(9)])(
    'takes words from memory together',
    (words, at) => {
      const into = 1_024;
      const same = memoryAfter(store(integer(into), 0, spread(get(GIVEN), 8)), words, 4 * at);
      expect([...same.subarray(into / 4, into / 4 + 4)]).toEqual(new Array(4).fill(words[at + 2]));
      const apart = memoryAfter(store(integer(0), into, gathered(get(GIVEN), 4, 36)), words, 4 * at);
      expect([...apart.subarray(into / 4, into / 4 + 4)]).toEqual(
        [0, 1, 2, 3].map((lane) => words[at + 1 + 9 * lane]),
      );
    },
  );

  test.prop([fc.integer({ min: 0, max: 4 * WORDS - 16 }), fc.nat(4 * WORDS)])(
    'has whole numbers of every length',
    (at, split) => {
      const offset = Math.min(at, split);
      const step = [
        set(A, load(integer(0), 0)),
        store(plus(integer(at - offset - 100), integer(100)), offset, get(A)),
      ];
      const bytes = new Uint8Array(
        memoryAfter(step, [0x04030201, 0x08070605, 0x0c0b0a09, 0x100f0e0d]).buffer,
      );
      expect([...bytes.subarray(at, at + 16)]).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    },
  );

  test.prop([fc.nat(2_000), fc.integer({ min: 1, max: 300 })])(
    'repeats a step while the number is below the end, and does it once at least',
    (end, by) => {
      const step = [
        set(COUNTER, integer(0)),
        loop(COUNTER, by, get(GIVEN), set(A, sum(get(A), load(integer(0), 0)))),
        store(integer(0), RESULT_AT, get(A)),
      ];
      expect(memoryAfter(step, [1], end)[RESULT_AT / 4]).toBe(Math.max(1, Math.ceil(end / by)));
    },
  );

  it('is no program where the engine has no vectors, no memory for it, or no WebAssembly', () => {
    const program = { parameters: 0, integers: 0, vectors: 1, step: [] };
    const { Module, Instance } = here;
    const modules = { Module, Instance, validate: () => true };
    expect(vectorProgram(program)).not.toBeNull();
    expect(vectorProgram(program, { ...modules, validate: () => false })).toBeNull();
    expect(vectorProgram(program, { ...modules, Instance: WithoutMemory })).toBeNull();
    expect(vectorProgram(program, null)).toBeNull();
  });
});
