const LISTS = 16;
const BITS_PER_LEVEL = 13n;
const MASK_64 = 2n ** 64n - 1n;

interface Partial {
  readonly sum: bigint;
  readonly ids: readonly Uint8Array[];
}

/**
 * Two disjoint sets of eight ids whose hashes have one sum modulo 2^64 (Wagner, A Generalized Birthday Problem,
 * CRYPTO 2002): lists are merged so that every level makes 13 more of the low bits zero.
 */
export function twoSetsOfOneSum(
  hash: (id: Uint8Array) => Uint8Array,
  randomBytes: (length: number) => Uint8Array,
): readonly [readonly Uint8Array[], readonly Uint8Array[]] {
  for (let attempt = 0; attempt < 20; attempt++) {
    let lists = Array.from({ length: LISTS }, (_, list) =>
      Array.from({ length: 2 ** Number(BITS_PER_LEVEL) }, (): Partial => {
        const id = randomBytes(16);
        const view = new DataView(hash(id).slice(24).buffer);
        const low = view.getBigUint64(0);
        return { sum: list < LISTS / 2 ? low : -low & MASK_64, ids: [id] };
      }),
    );
    for (
      let bits = BITS_PER_LEVEL;
      lists.length > 1;
      bits = lists.length === 2 ? 64n : bits + BITS_PER_LEVEL
    ) {
      const merged: Partial[][] = [];
      for (let i = 0; i < lists.length; i += 2) merged.push(merge(lists[i] ?? [], lists[i + 1] ?? [], bits));
      lists = merged;
    }
    const found = lists[0]?.[0]?.ids;
    if (found !== undefined) return [found.slice(0, LISTS / 2), found.slice(LISTS / 2)];
  }
  throw new Error('expected a collision of 64 bits in 20 attempts');
}

/** Pairs whose sums are zero in so many low bits. */
function merge(left: readonly Partial[], right: readonly Partial[], bits: bigint): Partial[] {
  const mask = (1n << bits) - 1n;
  const byLow = new Map<bigint, Partial[]>();
  for (const item of left) {
    const low = item.sum & mask;
    const same = byLow.get(low);
    if (same === undefined) byLow.set(low, [item]);
    else same.push(item);
  }
  const pairs: Partial[] = [];
  for (const item of right) {
    for (const other of byLow.get(-item.sum & mask) ?? []) {
      pairs.push({ sum: (other.sum + item.sum) & MASK_64, ids: [...other.ids, ...item.ids] });
    }
  }
  return pairs;
}
