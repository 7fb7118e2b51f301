import { expect } from 'vitest';
import { integerSquareRoot } from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

test.prop([fc.bigInt({ min: 0n, max: 10n ** 120n })])(
  'the root is the largest integer whose square fits',
  (n) => {
    const root = integerSquareRoot(n);
    expect(root * root <= n).toBe(true);
    expect((root + 1n) * (root + 1n) > n).toBe(true);
  },
);

test.prop([fc.bigInt({ min: 1n, max: 10n ** 60n })])(
  'squares and their neighbours are told apart',
  (root) => {
    expect(integerSquareRoot(root * root)).toBe(root);
    expect(integerSquareRoot(root * root - 1n)).toBe(root - 1n);
  },
);

test('the smallest integers have their roots', () => {
  expect([0n, 1n, 2n, 3n, 4n, 8n, 9n].map(integerSquareRoot)).toEqual([0n, 1n, 1n, 1n, 2n, 2n, 3n]);
  expect(() => integerSquareRoot(-1n)).toThrow('not negative');
});
