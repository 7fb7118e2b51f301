import { describe, expect, it } from 'vitest';
import type { ToldCount } from '../../../src/protocol/told-counts.ts';
import { addTold, isSome, toldText, toldTotal } from '../../../src/protocol/told-counts.ts';
import { fc, test } from '../../support/property.ts';

const anyPart = fc.record({ count: fc.nat(1_000), step: fc.integer({ min: 1, max: 50 }) });
const holds = (told: ToldCount, count: number): boolean =>
  typeof told === 'number' ? told === count : told.above < count && count < told.below;

describe('a total that is told', () => {
  it.each([
    [0, 13, '0'],
    [1, 13, '< 13'],
    [12, 13, '< 13'],
    [13, 13, '13 to 25'],
    [25, 13, '13 to 25'],
    [26, 13, '26 to 38'],
    [7, 1, '7'],
  ])('of %i in steps of %i is %s', (count, step, text) => {
    expect(toldText(toldTotal([{ count, step }]))).toBe(text);
  });

  test.prop([fc.array(anyPart, { maxLength: 6 })])('holds the true one between its ends', (parts) => {
    const told = toldTotal(parts);
    const sum = parts.reduce((total, { count }) => total + count, 0);
    expect(holds(told, sum)).toBe(true);
    expect(isSome(told)).toBe(sum > 0);
  });

  test.prop([
    fc.integer({ min: 2, max: 50 }),
    fc.nat(20),
    fc.nat(),
    fc.nat(),
    fc.array(anyPart, { maxLength: 3 }),
  ])('is the same for every count within a step', (step, steps, one, other, others) => {
    const within = (some: number) => steps * step + 1 + (some % (step - 1));
    const of = (some: number) => toldTotal([{ count: within(some), step }, ...others]);
    expect(of(one)).toEqual(of(other));
  });

  test.prop([fc.array(anyPart, { maxLength: 4 }), fc.array(anyPart, { maxLength: 4 })])(
    'of two lists is what both tell together',
    (a, b) => {
      expect(addTold(toldTotal(a), toldTotal(b))).toEqual(toldTotal([...a, ...b]));
    },
  );
});
