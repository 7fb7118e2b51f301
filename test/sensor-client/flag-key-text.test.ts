import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flagKeyText, parseFlagKey } from '../../sensor-client/index.ts';
import { readingId, sensorId } from '../../src/protocol/index.ts';
import { streamHash, windowId } from '../../src/ring/index.ts';

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('a flag key survives being written and read', () => {
  const keys = fc.record({
    window: fc.maxSafeNat().map(windowId),
    group: fc.nat({ max: 65_535 }),
    readingId: bytes16.map(readingId),
    sensorId: bytes16.map(sensorId),
    count: fc.nat({ max: 2 ** 32 - 1 }),
  });
  fc.assert(
    fc.property(keys, (key) => {
      const whole = { ...key, stream: streamHash('5a'.repeat(32)) };
      expect(parseFlagKey(flagKeyText(whole))).toEqual(whole);
    }),
  );
});

test.each(['', 'x', 'a.b.c.d.e.f', `${'5a'.repeat(32)}.1.0.00.00.1`])('%j is no flag key', (text) => {
  expect(() => parseFlagKey(text)).toThrow('expected a flag key');
});
