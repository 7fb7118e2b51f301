/** Values that are dear to make and were used lately; beyond `max` the one that was not used longest is forgotten. */
export interface Recent<T> {
  find(name: string): T | undefined;
  keep(name: string, value: T): void;
}

export function createRecent<T>(max: number): Recent<T> {
  // A map remembers the order in which its names were set.
  const kept = new Map<string, T>();
  return {
    find(name) {
      const found = kept.get(name);
      if (found === undefined) return undefined;
      kept.delete(name);
      kept.set(name, found);
      return found;
    },
    keep(name, value) {
      kept.delete(name);
      kept.set(name, value);
      if (kept.size <= max) return;
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        return;
      }
    },
  };
}
