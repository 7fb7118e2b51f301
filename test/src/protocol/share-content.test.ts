import { describe, expect } from 'vitest';
import { encodeElements, fieldElement } from '../../../src/arithmetic/index.ts';
import { concat, EngineError } from '../../../src/foundation/index.ts';
import { nodeSealing } from '../../../src/platform/index.ts';
import type { FlagEntry, ShareForm } from '../../../src/protocol/index.ts';
import {
  createSeedRoom,
  entryKeys,
  readingId,
  readShares,
  seededShare,
  sensorId,
} from '../../../src/protocol/index.ts';
import { BATCH_READINGS_MAX, SENSOR_BODY_BYTES_MAX } from '../../../src/protocol/limits.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { combine, lastShare, splitEncoded } from '../../../src/sharing/index.ts';
import { anyElement, seededBytes, seededPool } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';
import { shareContent } from '../../support/share-content.ts';

const scope = { stream: streamHash('5a'.repeat(32)), window: windowId(1_700_000_000_000), group: 3 };
const DOMAINS = 3;
const { expand } = nodeSealing;

function form(countMode: ShareForm['countMode'], seeds: boolean): ShareForm {
  const elements = [{ kind: 'count' }, { kind: 'moment', factors: [{ field: 'x', power: 1 }] }] as const;
  const domains = Array.from({ length: DOMAINS }, () => ({}) as ShareForm['domains'][number]);
  return { countMode, seeds, elements, domains };
}

function entryOf(number: number, count: number): FlagEntry {
  const bytes = seededBytes(number);
  return { readingId: readingId(bytes(16)), sensorId: sensorId(new Uint8Array(16).fill(9)), count };
}

/** Contents of a packet to every domain, for entries with so many vectors each. */
function contentsOf(stream: ShareForm, entries: readonly FlagEntry[], vectors: readonly Uint8Array[]) {
  const pool = seededPool(1);
  const perEntry = entries.map((entry, i) => {
    const encoded = vectors[i]!.slice();
    const count = encoded.length / 32;
    if (!stream.seeds)
      return splitEncoded(encoded, DOMAINS, pool).map((share, index) =>
        shareContent(stream, index, count, share),
      );
    const seeds = Array.from({ length: DOMAINS - 1 }, (_, index) => seededBytes(i * 10 + index)(32));
    const masks = seeds.map((seed, index) => seededShare(expand, scope, index, entry, seed, 2 * count));
    return [...seeds, lastShare(encoded, masks)].map((part, index) =>
      shareContent(stream, index, count, part),
    );
  });
  return Array.from({ length: DOMAINS }, (_, index) => concat(...perEntry.map((parts) => parts[index]!)));
}

const anyVectors = fc.array(fc.tuple(anyElement, anyElement), { minLength: 1, maxLength: 12 });

describe('the shares of a packet', () => {
  test.prop([
    fc.constantFrom<ShareForm['countMode']>('single', 'batch'),
    fc.boolean(),
    fc.array(fc.tuple(anyVectors, fc.boolean()), { minLength: 1, maxLength: 4 }),
  ])(
    'are one vector per reading id, and those of all domains add to the sum of its vectors',
    (mode, seeds, batches) => {
      const stream = form(mode, seeds);
      // A single stream has one vector of one reading; a batch either all its vectors or one that is their sum.
      const listed = batches.map(([vectors, summed]) =>
        mode === 'single' || summed ? vectors.slice(0, 1) : vectors,
      );
      const entries = batches.map(([vectors], i) => entryOf(i, mode === 'single' ? 1 : vectors.length));
      const encoded = listed.map((vectors) => encodeElements(vectors.flat()));
      const shares = contentsOf(stream, entries, encoded).map((content, index) =>
        readShares({ scope, stream, index, keys: entryKeys(entries), content }, expand, createSeedRoom()),
      );
      for (const [i, vectors] of listed.entries()) {
        const sums = [0, 1].map((e) => fieldElement(vectors.reduce((sum, vector) => sum + vector[e]!, 0n)));
        expect(combine(shares.map((own) => own.slice(32 * i, 32 * (i + 1))))).toEqual(sums);
      }
    },
  );

  const refusalOf = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      return error instanceof EngineError ? error.code : error;
    }
  };
  const reading = (stream: ShareForm, entries: readonly FlagEntry[], content: Uint8Array, index = 0) =>
    refusalOf(() =>
      readShares({ scope, stream, index, keys: entryKeys(entries), content }, expand, createSeedRoom()),
    );
  const vector = encodeElements([1n, 5n].map(fieldElement));
  const u32 = (value: number) => Uint8Array.of(0, 0, value >> 8, value & 255);

  test.each([
    ['too short', form('single', false), 1, vector.slice(1)],
    ['too long', form('single', false), 1, concat(vector, Uint8Array.of(0))],
    ['empty', form('single', false), 1, new Uint8Array(0)],
    ['without a number of vectors', form('batch', false), 1, vector.slice(0, 3)],
    ['of fewer vectors than readings, and not one', form('batch', false), 3, concat(u32(2), vector, vector)],
    ['of no vector', form('batch', false), 3, u32(0)],
    ['of fewer vectors than it says', form('batch', false), 2, concat(u32(2), vector)],
    ['of a short seed', form('single', true), 1, new Uint8Array(31)],
    ['of a share where a seed belongs', form('single', true), 1, concat(vector, vector)],
    [
      'of a batch that is listed and too large',
      form('batch', true),
      BATCH_READINGS_MAX + 1,
      concat(u32(4_097), new Uint8Array(32)),
    ],
  ])('are refused when they are %s', (_, stream, count, content) => {
    expect(reading(stream, [entryOf(1, count)], content)).toBe('WRONG_VECTOR_LENGTH');
  });

  test('are refused with an element that is none', () => {
    expect(reading(form('single', false), [entryOf(1, 1)], new Uint8Array(32).fill(255))).toBe(
      'ELEMENT_OUT_OF_RANGE',
    );
  });

  test('of the last domain are no seeds', () => {
    const entries = [entryOf(1, 1)];
    expect(reading(form('single', true), entries, new Uint8Array(32), DOMAINS - 1)).toEqual(
      new Uint8Array(32),
    );
    expect(reading(form('single', true), entries, new Uint8Array(32), 0)).not.toEqual([new Uint8Array(32)]);
  });

  test('from one seed differ by reading, count, sensor, domain, window and group', () => {
    const seed = new Uint8Array(32).fill(1);
    const entry = entryOf(1, 2);
    const others = [
      seededShare(expand, scope, 0, entry, seed, 1),
      seededShare(expand, scope, 1, entry, seed, 1),
      seededShare(expand, { ...scope, group: 4 }, 0, entry, seed, 1),
      seededShare(expand, { ...scope, window: windowId(5) }, 0, entry, seed, 1),
      seededShare(expand, { ...scope, stream: streamHash('5b'.repeat(32)) }, 0, entry, seed, 1),
      seededShare(expand, scope, 0, entryOf(2, 2), seed, 1),
      seededShare(expand, scope, 0, entryOf(1, 3), seed, 1),
      seededShare(expand, scope, 0, { ...entry, sensorId: sensorId(new Uint8Array(16)) }, seed, 1),
      seededShare(expand, scope, 0, entry, new Uint8Array(32).fill(2), 1),
    ];
    expect(new Set(others.map((share) => share.join())).size).toBe(others.length);
  });

  test('BOUNDED: seeds of one request stand for no more than its body could hold', () => {
    const stream = { ...form('batch', true), elements: new Array(16).fill({ kind: 'count' }) };
    const room = createSeedRoom();
    const content = concat(u32(BATCH_READINGS_MAX), new Uint8Array(32));
    const read = () =>
      refusalOf(() =>
        readShares(
          { scope, stream, index: 0, keys: entryKeys([entryOf(1, BATCH_READINGS_MAX)]), content },
          expand,
          room,
        ),
      );
    for (
      let left = SENSOR_BODY_BYTES_MAX;
      left >= BATCH_READINGS_MAX * 256;
      left -= BATCH_READINGS_MAX * 256
    ) {
      expect(read()).toHaveLength(256);
    }
    expect(read()).toBe('RATE_LIMITED');
    expect(room.bytesLeft).toBe(0);
  });

  test('BOUNDED: a seed stands for no more than a body could hold', () => {
    const stream = { ...form('batch', true), elements: new Array(64).fill({ kind: 'count' }) };
    const content = concat(u32(BATCH_READINGS_MAX), new Uint8Array(32));
    expect(reading(stream, [entryOf(1, BATCH_READINGS_MAX)], content)).toBe('WRONG_VECTOR_LENGTH');
  });
});
