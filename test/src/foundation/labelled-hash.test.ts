import { createHash, createHmac } from 'node:crypto';
import { describe, expect } from 'vitest';
import { labelledHash, labelledInput, labelledMac, labelledTag } from '../../../src/foundation/index.ts';
import { fc, test } from '../../support/property.ts';

const purpose = fc.constantFrom('shares', 'SET', 'receipt', 'packet');
const fields = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });

/** The rule of docs/PROTOCOL.md, written down once more. */
function plainInput(of: string, parts: readonly Uint8Array[]): Buffer {
  const all = [Buffer.from(`mcloud/1/${of}`), ...parts];
  return Buffer.concat(
    all.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, Buffer.from(part)];
    }),
  );
}

describe('the labelled input', () => {
  test.prop([purpose, fields])('is the label and the fields, each behind its length', (of, parts) => {
    expect(Buffer.from(labelledInput(of, ...parts))).toEqual(plainInput(of, parts));
    const hash = createHash('sha256').update(plainInput(of, parts)).digest();
    expect(Buffer.from(labelledHash(of, ...parts))).toEqual(hash);
  });
});

describe('the labelled MAC', () => {
  test.prop([
    fc.array(fc.uint8Array({ minLength: 16, maxLength: 100 }), { minLength: 1, maxLength: 4 }),
    fields,
  ])('is the same for keys that take turns as for each alone', (keys, parts) => {
    for (const key of [...keys, ...keys]) {
      const mac = createHmac('sha256', key).update(plainInput('SET', parts)).digest();
      expect(Buffer.from(labelledMac(key, 'SET', ...parts))).toEqual(mac);
      expect(Buffer.from(labelledTag(key, 'SET', ...parts))).toEqual(mac.subarray(0, 16));
    }
  });
});
