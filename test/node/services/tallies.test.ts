import { expect } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { createTallies, strayRows, type TalliesComponents } from '../../../node/services/tallies.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { encodeElements, fieldElement, limbSumElements } from '../../../src/arithmetic/index.ts';
import { toHex } from '../../../src/foundation/index.ts';
import {
  createEntryDigest,
  DIGEST_WORDS,
  digestOf,
  entryKey,
  entryKeys,
  entryName,
  type FlagEntry,
} from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { anyEntry } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const setHashKey = new Uint8Array(32).fill(9);
const here = partition(5);

/** One node, which votes on everything, and a window of one element: as much of both as tallies look at. */
function oneNode() {
  const components = {
    rings: { of: () => ({ placement: { acceptors: () => ['node'] }, ring: { development: false } }) },
    self: { nodeId: 'node' },
    entryHash: createEntryHash(new Uint8Array(8)),
  };
  const record = {
    scope: {},
    terms: { value: { setHashKey } },
    stream: { domains: [], elements: ['count'], publicData: false },
  };
  return {
    tallies: createTallies(components as unknown as TalliesComponents),
    record: record as unknown as OpenWindowRecord,
  };
}

/** Entries by their places among all, which come or become TRUE together. */
interface Packet {
  readonly kind: 'rows' | 'TRUE';
  readonly of: readonly number[];
}

const anyPackets: fc.Arbitrary<{
  readonly entries: readonly FlagEntry[];
  readonly packets: readonly Packet[];
}> = fc
  .tuple(
    fc.uniqueArray(anyEntry, { minLength: 1, maxLength: 24, selector: entryName }),
    // Mostly packets whose flags all stand for one reading, as nearly all do.
    fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  )
  .chain(([entries, alike]) =>
    fc.record({
      entries: fc.constant(alike ? entries.map((entry) => ({ ...entry, count: 1 })) : entries),
      packets: fc.array(
        fc.record({
          kind: fc.constantFrom('rows', 'TRUE'),
          of: fc.subarray([...entries.keys()], { minLength: 1 }),
        }),
        { maxLength: 8 },
      ),
    }),
  );

/** The share of the entry at a place: every sum of some of them is another one. */
const shareOf = (place: number): Uint8Array => encodeElements([fieldElement(1n << BigInt(3 * place))]);

test.prop([anyPackets])(
  'tallies are those of the rows that came, in whatever packets they came and became TRUE',
  ({ entries, packets }) => {
    fc.pre(new Set(entries.map(entryName)).size === entries.length);
    const { tallies, record } = oneNode();
    const digestOne = createEntryDigest(setHashKey);
    const [rows, open] = [new Set<number>(), new Set<number>()];
    for (const { kind, of } of packets) {
      const keys = entryKeys(of.map((place) => entries[place]!));
      if (kind === 'rows') {
        const fresh = [...of.keys()].filter((at) => !rows.has(of[at]!));
        const shares = Uint8Array.from(of.flatMap((place) => [...shareOf(place)]));
        tallies.add(record, here, { keys, shares }, fresh);
        for (const at of fresh) {
          rows.add(of[at]!);
          open.add(of[at]!);
        }
        continue;
      }
      const digests = tallies.committed(record, here, keys);
      expect(digests === null).toBe(rows.size === 0);
      for (const [at, place] of of.entries()) {
        open.delete(place);
        const words = new Float64Array(DIGEST_WORDS);
        digestOne(entryKey(entries[place]!), 0, words, 0);
        if (digests !== null)
          expect(digests.slice(DIGEST_WORDS * at, DIGEST_WORDS * (at + 1))).toEqual(words);
      }
    }
    const found = tallies.of(record);
    const tally = found?.partitions.get(here);
    if (found === undefined || tally === undefined) {
      expect(rows.size).toBe(0);
      return;
    }
    const entriesOf = (places: Iterable<number>) => [...places].map((place) => entries[place]!);
    const settled = [...rows].filter((place) => !open.has(place));
    expect(tally.hasher.digest()).toEqual(digestOf(setHashKey, entriesOf(rows)));
    expect(limbSumElements(tally.sum)).toEqual([
      [...rows].reduce((sum, place) => sum + (1n << BigInt(3 * place)), 0n),
    ]);
    expect(tally.open).toBe(open.size);
    const stray = strayRows(found, { partition: here, digest: digestOf(setHashKey, entriesOf(settled)) });
    const names = (some: readonly FlagEntry[] | null) => some?.map((entry) => toHex(entryKey(entry))).sort();
    expect(names(stray)).toEqual(names(entriesOf(open)));
  },
);
