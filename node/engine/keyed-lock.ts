/**
 * Runs sections of one key one after another, in the order they came; sections of different keys overlap.
 * A reading of a row, the decision made from it and the staging of its successor are one section, because two
 * interleaved ones would both decide from the same old row.
 */
export interface KeyedLock {
  run<T>(key: string, section: () => Promise<T>): Promise<T>;
}

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, section) {
      const before = tails.get(key) ?? Promise.resolve();
      const mine = before.then(section, section);
      const tail = mine.catch(() => {});
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return mine;
    },
  };
}
