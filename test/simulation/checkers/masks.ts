import { toHex } from '../../../src/foundation/index.ts';

/**
 * UNIFORM, as far as a run shows it: no mask is used twice, so that no share of a reading is that of another one, nor of another
 * domain. That a share is uniform is a property of numbers, with tests of its own.
 */
export interface MaskChecker {
  /** @param name the flag and the share's index. */
  shared(name: string, share: Uint8Array): void;
}

export function createMaskChecker(violation: (what: string) => void): MaskChecker {
  const names = new Map<string, string>();
  return {
    shared(name, share) {
      const bytes = toHex(share);
      const before = names.get(bytes) ?? name;
      names.set(bytes, before);
      if (before !== name) violation(`UNIFORM: one share is that of ${before} and of ${name}`);
    },
  };
}
