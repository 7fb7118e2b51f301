import fc from 'fast-check';
import { expect, test } from 'vitest';
import { longHash } from '../../../node/engine/long-hash.ts';
import { labelledHash } from '../../../src/foundation/index.ts';

test('is the labelled hash, whatever the fields', () => {
  const fields = fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 3 });
  fc.assert(
    fc.property(fields, (some) => {
      expect(longHash('settled', ...some)).toEqual(labelledHash('settled', ...some));
    }),
  );
});
