import { equalBytes } from '../../../src/foundation/index.ts';

/** Finds shares in what travels. A body is walked once, however many shares there are. */
export interface ShareFinder {
  learn(share: Uint8Array): void;
  /** Whether one of the shares stands anywhere in the body. */
  isIn(body: Uint8Array): boolean;
}

export function createShareFinder(): ShareFinder {
  /** By their first two bytes, which shares have in common by accident only. */
  const shares = new Map<number, Uint8Array[]>();
  const startAt = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

  return {
    learn(share) {
      if (share.length === 0) return;
      const start = startAt(share, 0);
      const known = shares.get(start) ?? [];
      if (!known.some((one) => equalBytes(one, share))) shares.set(start, [...known, share]);
    },
    isIn(body) {
      for (let at = 0; at < body.length; at++) {
        const found = shares.get(startAt(body, at));
        if (found?.some((share) => equalBytes(body.subarray(at, at + share.length), share))) return true;
      }
      return false;
    },
  };
}
