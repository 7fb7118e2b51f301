import { expect } from 'vitest';
import { concat } from '../../../src/foundation/index.ts';
import { fc, test } from '../../support/property.ts';
import { createShareFinder } from './share-finder.ts';

// Bytes of two values only, so that shares begin alike and bodies hold parts of them.
const bytes = (minLength: number, maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 1 }), { minLength, maxLength }).map((list) => Uint8Array.from(list));

test.prop([fc.array(bytes(2, 6), { maxLength: 4 }), bytes(0, 12)])(
  'finds a share in a body exactly where the body includes one',
  (shares, body) => {
    const finder = createShareFinder();
    for (const share of shares) finder.learn(share);
    expect(finder.isIn(body)).toBe(shares.some((share) => Buffer.from(body).includes(Buffer.from(share))));
  },
);

test.prop([bytes(16, 48), bytes(0, 40), bytes(0, 40)])(
  'finds a share wherever it stands in a body, and none of no bytes',
  (share, before, after) => {
    const finder = createShareFinder();
    finder.learn(new Uint8Array(0));
    expect(finder.isIn(before)).toBe(false);
    finder.learn(share);
    expect(finder.isIn(concat(before, share, after))).toBe(true);
  },
);
