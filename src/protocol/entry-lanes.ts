import { SHA256_CONSTANTS, SHA256_INITIAL } from '../foundation/index.ts';
import type { Code, Engine, VectorFunction } from '../foundation/vector-code.ts';
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
} from '../foundation/vector-code.ts';
import { ENTRY_KEY_BYTES } from './flag-key.ts';

/** Entries that are hashed side by side: the same word of each in a lane of a vector. */
const LANES = 4;
/** Entries that are hashed in one call, as many as the program's memory has room for. */
export const ENTRIES_PER_CALL = 512;
const WORDS = 8;
const BLOCK_WORDS = 16;
const ROUNDS = 64;
const WORD_BYTES = 4;
const VECTOR_BYTES = LANES * WORD_BYTES;
/** What the digests of as many entries as there are lanes take. */
const GROUP_BYTES = WORDS * VECTOR_BYTES;

/** Where things are in the program's memory: words that are the same for all entries, then vectors, then keys and digests. */
const CONSTANTS_AT = 0;
const TAIL_AT = 256;
const INITIAL_AT = 512;
const KEY_AT = 544;
const BEGUN_AT = 1_024;
const HEAD_AT = 2_048;
const ENTRIES_AT = 4_096;
const DIGESTS_AT = ENTRIES_AT + ENTRIES_PER_CALL * ENTRY_KEY_BYTES;

/** Locals of the program. */
const [ENTRY, ENTRIES_END, DIGEST, ROUND, VECTOR, HASH] = [0, 1, 2, 3, 4, 5];
const KEPT = HASH + WORDS;

/** The digests of many entries under one key. */
export interface EntryLanes {
  /**
   * @param key the 8 words of K. @param tail the schedule of the second block. @param entries at most
   * {@link ENTRIES_PER_CALL} keys of entries, one after another. @param words get the digests, from `wordsAt` on.
   */
  hash(key: Int32Array, tail: Int32Array, entries: Uint8Array, words: Float64Array, wordsAt: number): void;
}

/** Null where the engine has no vectors. @param engine another one for a test. */
export function createEntryLanes(engine?: Engine | null): EntryLanes | null {
  const program = vectorProgram(entryProgram(), engine);
  if (program === null) return null;
  const bytes = new Uint8Array(program.memory);
  const signed = new Int32Array(program.memory);
  const unsigned = new Uint32Array(program.memory);
  signed.set(SHA256_CONSTANTS, CONSTANTS_AT / WORD_BYTES);
  signed.set(SHA256_INITIAL, INITIAL_AT / WORD_BYTES);
  return {
    hash(key, tail, entries, words, wordsAt) {
      signed.set(key, KEY_AT / WORD_BYTES);
      for (let round = 0; round < ROUNDS; round++) {
        signed[TAIL_AT / WORD_BYTES + round] = (tail[round] ?? 0) + (SHA256_CONSTANTS[round] ?? 0);
      }
      bytes.set(entries, ENTRIES_AT);
      program.run(ENTRIES_AT, ENTRIES_AT + entries.length, DIGESTS_AT);
      for (let place = 0; ENTRY_KEY_BYTES * place < entries.length; place++) {
        const group = Math.floor(place / LANES);
        const from = (DIGESTS_AT + GROUP_BYTES * group) / WORD_BYTES + (place % LANES);
        const to = wordsAt + WORDS * place;
        for (let word = 0; word < WORDS; word++) words[to + word] = unsigned[from + LANES * word] ?? 0;
      }
    },
  };
}

const forWords = (step: (word: number) => Code): Code => {
  return Array.from({ length: WORDS }, (_, word) => step(word));
};

/** Eight rounds (FIPS 180-4, 6.2.2), after which each word is in its old local. @param word of the schedule, the constant added. */
function rounds(word: (round: number) => Code): Code {
  return forWords((round) => {
    const local = (role: number): number => HASH + ((role - round + WORDS) % WORDS);
    const [a, b, c] = [get(local(0)), get(local(1)), get(local(2))];
    const [e, f, g] = [get(local(4)), get(local(5)), get(local(6))];
    const [d, h] = [local(3), local(7)];
    const sum1 = xor(xor(rotated(e, 6), rotated(e, 11)), rotated(e, 25));
    const choice = xor(g, and(e, xor(f, g)));
    const sum0 = xor(xor(rotated(a, 2), rotated(a, 13)), rotated(a, 22));
    const majority = xor(and(a, xor(b, c)), and(b, c));
    return [
      set(h, sum(sum(get(h), word(round)), sum(choice, sum1))),
      set(d, sum(get(d), get(h))),
      set(h, sum(get(h), sum(sum0, majority))),
    ];
  });
}

/** The rounds from one on, eight at a time. @param eight where `ROUND` is the place of the first one's word. */
function roundsFrom(first: number, eight: Code): Code {
  const from = set(ROUND, integer(WORD_BYTES * first));
  return [from, loop(ROUND, WORD_BYTES * WORDS, integer(WORD_BYTES * ROUNDS), eight)];
}

/** The schedule of the first block behind its 16 words. */
function expandHead(): Code {
  const before = (words: number): Code => load(get(VECTOR), HEAD_AT + VECTOR_BYTES * (BLOCK_WORDS - words));
  const kept = get(KEPT);
  const sigma0 = xor(xor(rotated(tee(KEPT, before(15)), 7, kept), rotated(kept, 18)), shifted(kept, 3));
  const sigma1 = xor(xor(rotated(tee(KEPT, before(2)), 17, kept), rotated(kept, 19)), shifted(kept, 10));
  const next = sum(sum(before(16), sigma0), sum(before(7), sigma1));
  const words = store(get(VECTOR), HEAD_AT + VECTOR_BYTES * BLOCK_WORDS, next);
  const end = integer(VECTOR_BYTES * (ROUNDS - BLOCK_WORDS));
  return [set(VECTOR, integer(0)), loop(VECTOR, VECTOR_BYTES, end, words)];
}

/** The digests of entries from one address to another, written to a third. */
function entryProgram(): VectorFunction {
  const base = integer(0);
  const constant = (round: number): Code => spread(get(ROUND), CONSTANTS_AT + WORD_BYTES * round);
  const key = (word: number): Code => spread(base, KEY_AT + WORD_BYTES * word);
  const initial = (word: number): Code => spread(base, INITIAL_AT + WORD_BYTES * word);
  /** The first 8 rounds are those of K, the same for all entries. */
  const begin: Code = [
    forWords((word) => store(base, HEAD_AT + VECTOR_BYTES * word, key(word))),
    forWords((word) => set(HASH + word, initial(word))),
    set(ROUND, base),
    rounds((round) => sum(key(round), constant(round))),
    forWords((word) => store(base, BEGUN_AT + VECTOR_BYTES * word, get(HASH + word))),
  ];
  const head: Code = [
    forWords((word) => [
      set(KEPT, gathered(get(ENTRY), WORD_BYTES * word, ENTRY_KEY_BYTES)),
      store(base, HEAD_AT + VECTOR_BYTES * (WORDS + word), swapped(KEPT)),
    ]),
    expandHead(),
    forWords((word) => set(HASH + word, load(base, BEGUN_AT + VECTOR_BYTES * word))),
    set(VECTOR, integer(VECTOR_BYTES * WORDS)),
    roundsFrom(WORDS, [
      rounds((round) => sum(load(get(VECTOR), HEAD_AT + VECTOR_BYTES * round), constant(round))),
      set(VECTOR, plus(get(VECTOR), integer(VECTOR_BYTES * WORDS))),
    ]),
    forWords((word) => [
      set(HASH + word, sum(get(HASH + word), initial(word))),
      store(get(DIGEST), VECTOR_BYTES * word, get(HASH + word)),
    ]),
  ];
  const tail: Code = [
    roundsFrom(
      0,
      rounds((round) => spread(get(ROUND), TAIL_AT + WORD_BYTES * round)),
    ),
    forWords((word) => {
      const before = load(get(DIGEST), VECTOR_BYTES * word);
      return store(get(DIGEST), VECTOR_BYTES * word, sum(get(HASH + word), before));
    }),
  ];
  const group: Code = [head, tail, set(DIGEST, plus(get(DIGEST), integer(GROUP_BYTES)))];
  return {
    parameters: 3,
    integers: 2,
    vectors: WORDS + 1,
    step: [begin, loop(ENTRY, LANES * ENTRY_KEY_BYTES, get(ENTRIES_END), group)],
  };
}
