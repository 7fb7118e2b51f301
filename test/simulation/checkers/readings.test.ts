import { describe, expect, it } from 'vitest';
import { fc, test } from '../../support/property.ts';
import {
  type ComputedWindow,
  checkReadings,
  checkResult,
  checkSettled,
  digitsOf,
  type Fate,
} from './readings.ts';

function computed(exponents: readonly number[], overrides: Partial<ComputedWindow> = {}): ComputedWindow {
  const sum = exponents.reduce((total, exponent) => total + 4n ** BigInt(exponent), 0n);
  const readings = exponents.length;
  return { window: 0, readings, committed: readings, excluded: 0, sum, text: '', ...overrides };
}

function reading(exponent: number, fate: Fate, window = 0) {
  return { exponent, fate, window, sensor: 0 };
}

describe('the check of a result', () => {
  test.prop([fc.uniqueArray(fc.integer({ min: 0, max: 60 }))])(
    'accepts every set of readings that are each there once',
    (exponents) => {
      expect(checkResult(computed(exponents))).toEqual([]);
      expect(digitsOf(computed(exponents).sum).filter((digit) => digit === 1)).toHaveLength(exponents.length);
    },
  );

  it('names a reading that was added twice', () => {
    expect(checkResult(computed([3, 7, 7]))).toEqual(['EXACT: window 0 has reading 7 2 times']);
  });

  it('sees a count that is not the number of readings in the sum', () => {
    expect(checkResult(computed([3, 7], { readings: 3, committed: 3 }))).toHaveLength(1);
  });

  it('sees more exclusions than shares were lost', () => {
    const excluding = (excluded: number) => computed([3], { excluded, committed: 1 + excluded });
    expect(checkResult(excluding(1))).toHaveLength(1);
    expect(checkResult(excluding(1), 1)).toEqual([]);
    expect(checkResult(excluding(2), 1)).toHaveLength(1);
  });

  it('sees a result that leaves readings out and does not say so', () => {
    expect(checkResult(computed([3], { committed: 2 }))).toEqual([
      'EXACT: window 0 excludes 0 of 2 and counts 1',
    ]);
  });
});

describe('the check of a settlement', () => {
  const readings = [
    reading(1, 'committed'),
    reading(2, 'unknown'),
    reading(3, 'errored'),
    reading(4, 'refused'),
    reading(5, 'committed', 1),
  ];

  it('accepts every number of flags that what the sensors know allows', () => {
    for (const flags of [1, 2]) expect(checkSettled(readings, new Map([[0, flags]]))).toEqual([]);
  });

  it('names a settlement without a committed reading, and one with a reading that was errored', () => {
    for (const flags of [0, 3]) expect(checkSettled(readings, new Map([[0, flags]]))).toHaveLength(1);
    expect(checkSettled(readings, new Map([[1, 0]])).join()).toContain('0 flags of window 1');
  });
});

describe('the check of what sensors were told', () => {
  it('accepts readings of every fate where they may be', () => {
    const readings = [
      reading(1, 'committed'),
      reading(2, 'unknown'),
      reading(3, 'under way'),
      reading(4, 'errored'),
      reading(5, 'refused'),
    ];
    expect(checkReadings(readings, new Map([[0, computed([1, 3])]]))).toEqual([]);
  });

  it('lets a result leave out as many committed readings as it names', () => {
    const readings = [reading(1, 'committed'), reading(2, 'committed'), reading(3, 'committed')];
    const leaving = (excluded: number) =>
      new Map([[0, computed([1], { excluded, committed: 1 + excluded })]]);
    expect(checkReadings(readings, leaving(2))).toEqual([]);
    expect(checkReadings(readings, leaving(1))).toEqual(['EXACT: committed reading 3 is in no result']);
  });

  it('names a committed reading that is missing, and ones that should not be there', () => {
    const readings = [reading(1, 'committed'), reading(4, 'errored'), reading(5, 'refused')];
    expect(checkReadings(readings, new Map([[0, computed([4, 5, 9])]]))).toEqual([
      'EXACT: reading 9 was never uploaded',
      'EXACT: committed reading 1 is in no result',
      'EXACT: reading 4 was errored and is in window 0',
      'EXACT: reading 5 was refused and is in window 0',
    ]);
  });

  it('accepts that a window without a result lacks readings only where a storage fault excuses it', () => {
    const readings = [reading(1, 'committed'), reading(2, 'committed')];
    const excused = () => true;
    expect(checkReadings(readings, new Map(), excused)).toEqual([]);
    expect(checkReadings(readings, new Map())).toHaveLength(2);
    expect(checkReadings(readings, new Map([[0, computed([1])]]), excused)).toEqual([
      'EXACT: committed reading 2 is in no result',
    ]);
  });

  it('names a reading that is in two windows, or in another than its own', () => {
    const results = new Map([
      [0, computed([1])],
      [1, computed([1, 2], { window: 1 })],
    ]);
    expect(checkReadings([reading(1, 'committed'), reading(2, 'committed', 0)], results)).toEqual([
      'EXACT: reading 1 is in windows 0, 1',
      'EXACT: reading 2 of window 0 is in window 1',
    ]);
  });
});
