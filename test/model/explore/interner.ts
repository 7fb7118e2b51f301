import { invariant, toHex } from '../../../src/foundation/index.ts';

/** Gives equal plain values one small number, so that states compare and hash as lists of numbers. */
export interface Interner<T> {
  idOf(value: T): number;
  valueOf(id: number): T;
}

/** One UTF-16 unit of a state's key; a scope with more values of one kind is too large to explore anyway. */
const IDS_MAX = 65_536;

export function createInterner<T>(): Interner<T> {
  const ids = new Map<string, number>();
  const values: T[] = [];
  // Most values come back as the very object that was given out; its text need not be built again.
  const idsOfObjects = new Map<T, number>();

  function newId(value: T): number {
    const text = canonical(value);
    const known = ids.get(text);
    if (known !== undefined) return known;
    const id = values.length;
    invariant(id < IDS_MAX, 'a model has too many values of one kind');
    ids.set(text, id);
    values.push(value);
    idsOfObjects.set(value, id);
    return id;
  }

  return {
    idOf: (value) => idsOfObjects.get(value) ?? newId(value),
    valueOf(id) {
      const value = values[id];
      invariant(value !== undefined, 'expected the id of an interned value');
      return value;
    },
  };
}

/** One text per plain value, whatever the order of its properties. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return toHex(part);
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * Remembers a pure function of two ids. The production steps are pure, so each is run once per different
 * input and not once per state of the whole system.
 */
export function memoized<R>(compute: (a: number, b: number) => R): (a: number, b: number) => R {
  const known = new Map<number, R>();
  return (a, b) => {
    const key = a * IDS_MAX + b;
    let result = known.get(key);
    if (result === undefined) {
      result = compute(a, b);
      known.set(key, result);
    }
    return result;
  };
}

/** Remembers a pure function of three ids. */
export function memoizedOfThree<R>(compute: (a: number, b: number, c: number) => R) {
  const known = new Map<number, R>();
  return (a: number, b: number, c: number): R => {
    const key = (a * IDS_MAX + b) * IDS_MAX + c;
    let result = known.get(key);
    if (result === undefined) {
      result = compute(a, b, c);
      known.set(key, result);
    }
    return result;
  };
}

/** Remembers a pure function of one id. */
export function memoizedOfOne<R>(compute: (a: number) => R): (a: number) => R {
  const known: R[] = [];
  return (a) => {
    let result = known[a];
    if (result === undefined) {
      result = compute(a);
      known[a] = result;
    }
    return result;
  };
}

/** Remembers a pure function of a list of ids. */
export function memoizedOfMany<R>(compute: (ids: readonly number[]) => R): (ids: readonly number[]) => R {
  const known = new Map<string, R>();
  return (ids) => {
    const key = String.fromCharCode(...ids);
    let result = known.get(key);
    if (result === undefined) {
      result = compute(ids);
      known.set(key, result);
    }
    return result;
  };
}
