import { describe, expect, it } from 'vitest';
import {
  domainId,
  epoch,
  nodeId,
  PARTITIONS,
  partition,
  partitionOf,
  storeId,
  streamHash,
  streamHashBytes,
  streamHashFromBytes,
  windowId,
} from '../../../src/ring/index.ts';
import { fc, test } from '../../support/property.ts';

describe('the partition of a reading id', () => {
  test.prop([fc.uint8Array({ minLength: 16, maxLength: 16 })])('is its first ten bits', (id) => {
    const bits = [...id].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    expect(partitionOf(id)).toBe(Number.parseInt(bits.slice(0, 10), 2));
  });
});

describe('a stream hash', () => {
  test.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])('comes back from its bytes', (bytes) => {
    expect(streamHashBytes(streamHashFromBytes(bytes))).toEqual(bytes);
  });
});

describe('an identifier', () => {
  it.each<[string, () => unknown]>([
    ['a domain id with a capital', () => domainId('Cloud')],
    ['an empty domain id', () => domainId('')],
    ['a node id with a slash', () => nodeId('a/1')],
    ['a node id of 32 characters', () => nodeId('a'.repeat(32))],
    ['a node id that ends with a line break', () => nodeId('a\n')],
    ['epoch 0', () => epoch(0)],
    ['half an epoch', () => epoch(1.5)],
    ['a store id in capitals', () => storeId('A'.repeat(32))],
    ['a short stream hash', () => streamHash('ab')],
    ['a window before 1970', () => windowId(-1)],
    ['a partition too many', () => partition(PARTITIONS)],
    ['a partition that is no number', () => partition(Number.NaN)],
  ])('is refused where it is %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
  });
});
