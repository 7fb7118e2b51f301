/*
 * As much of WebAssembly as one function over vectors of four 32-bit words needs (W3C, WebAssembly Core 2.0). A value is
 * the code that leaves it on the stack, so that a formula reads as it does elsewhere; the numbers are the instructions'.
 */

/** Bytes, in parts of parts: a value where they leave one on the stack, a step where they leave none. */
export type Code = number | readonly Code[];

/** A local: of the function's parameters and other whole numbers, and then its vectors. */
export type Local = number;

/** Unsigned LEB128, which all counts, offsets and longer instructions are in. */
function unsigned(value: number): Code {
  return value < 128 ? value : [(value % 128) + 128, unsigned(Math.floor(value / 128))];
}

/** Signed LEB128, which constants are in. */
function signed(value: number): Code {
  return value >= -64 && value < 64 ? value & 127 : [(value & 127) | 128, signed(value >> 7)];
}

const VECTOR = 0xfd;
const vector = (instruction: number): Code => [VECTOR, unsigned(instruction)];
/** Of bytes in memory: no promise how they are aligned, and an offset that is added to the address. */
const place = (offset: number): Code => [0, unsigned(offset)];

export const get = (local: Local): Code => [0x20, unsigned(local)];
export const set = (local: Local, value: Code): Code => [value, 0x21, unsigned(local)];
/** Sets a local and is its value. */
export const tee = (local: Local, value: Code): Code => [value, 0x22, unsigned(local)];
export const integer = (value: number): Code => [0x41, signed(value)];
export const plus = (a: Code, b: Code): Code => [a, b, 0x6a];

export const and = (a: Code, b: Code): Code => [a, b, vector(0x4e)];
export const xor = (a: Code, b: Code): Code => [a, b, vector(0x51)];
/** In each lane, modulo 2^32. */
export const sum = (a: Code, b: Code): Code => [a, b, vector(0xae)];
/** Each lane to the right, zeroes from the left. */
export const shifted = (a: Code, bits: number): Code => [a, integer(bits), vector(0xad)];
/** Each lane to the right, and in again from the left. @param again the same value, where it can be had for less. */
export const rotated = (a: Code, bits: number, again = a): Code => {
  return [shifted(a, bits), [again, integer(32 - bits), vector(0xab)], vector(0x50)];
};
/** The bytes of each lane the other way round. */
export const swapped = (local: Local): Code => {
  return [get(local), get(local), vector(0x0d), [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]];
};

export const load = (address: Code, offset: number): Code => [address, vector(0x00), place(offset)];
export const store = (address: Code, offset: number, value: Code): Code => {
  return [address, value, vector(0x0b), place(offset)];
};
/** One word of memory in all four lanes. */
export const spread = (address: Code, offset: number): Code => [address, vector(0x09), place(offset)];
/** A word each from four places at equal distances. */
export function gathered(address: Code, offset: number, distance: number): Code {
  const lane = (number: number, others: Code): Code => {
    return [address, others, vector(0x56), place(offset + number * distance), number];
  };
  const first = [address, vector(0x5c), place(offset)];
  return lane(3, lane(2, lane(1, first)));
}

/** A step again and again, at least once, while a whole number, which grows by `by` each time, is below another. */
export const loop = (local: Local, by: number, end: Code, step: Code): Code => {
  const again = [tee(local, plus(get(local), integer(by))), end, 0x49];
  return [0x03, 0x40, step, again, 0x0d, 0, 0x0b];
};

/** A function of a module of its own, with memory of its own. */
export interface VectorFunction {
  /** Whole numbers that it is called with, its first locals. */
  readonly parameters: number;
  /** Whole numbers beside them, the next locals. */
  readonly integers: number;
  /** The last locals. */
  readonly vectors: number;
  readonly step: Code;
}

const INTEGER = 0x7f;
const LANES = 0x7b;

function bytesOf(code: Code, bytes: number[] = []): readonly number[] {
  if (typeof code === 'number') bytes.push(code);
  else for (const part of code) bytesOf(part, bytes);
  return bytes;
}

function sized(content: Code): Code {
  const bytes = bytesOf(content);
  return [unsigned(bytes.length), bytes];
}

const named = (text: string): Code => sized(Array.from(text, (character) => character.charCodeAt(0)));

/** The module's bytes; it exports `run` and `memory`, 64 KiB. */
function moduleOf({ parameters, integers, vectors, step }: VectorFunction): Uint8Array {
  const type = [1, 0x60, parameters, new Array<number>(parameters).fill(INTEGER), 0];
  const exported = [2, named('run'), 0, 0, named('memory'), 2, 0];
  const body = sized([2, integers, INTEGER, vectors, LANES, step, 0x0b]);
  return Uint8Array.from(
    bytesOf([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [1, sized(type)],
      [3, sized([1, 0])],
      [5, sized([1, 0, 1])],
      [7, sized(exported)],
      [10, sized([1, body])],
    ]),
  );
}

/** What of the engine's `WebAssembly` is used. */
export interface Engine {
  validate(module: Uint8Array): boolean;
  readonly Module: new (module: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

export interface VectorProgram {
  readonly run: (...parameters: readonly number[]) => void;
  readonly memory: ArrayBuffer;
}

/** The engine's own; absent where it compiles nothing, for one. */
const engineHere = (): Engine | null => (globalThis as { readonly WebAssembly?: Engine }).WebAssembly ?? null;

/**
 * Null where the engine has no WebAssembly, or none with vectors, or keeps words the other way round than a module does,
 * or where it may not compile or gets no memory: it reserves 10 GB of addresses, which a limit of the process may forbid.
 * @param engine another one for a test.
 */
export function vectorProgram(
  program: VectorFunction,
  engine: Engine | null = engineHere(),
): VectorProgram | null {
  const lowestFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  if (!lowestFirst || engine === null) return null;
  const module = moduleOf(program);
  if (!engine.validate(module)) return null;
  const exports = exportsOf(module, engine);
  if (exports === null) return null;
  const { run, memory } = exports;
  return { run: run as VectorProgram['run'], memory: (memory as { readonly buffer: ArrayBuffer }).buffer };
}

function exportsOf(module: Uint8Array, engine: Engine): Readonly<Record<string, unknown>> | null {
  try {
    return new engine.Instance(new engine.Module(module)).exports;
  } catch {
    return null;
  }
}
