import { describe, expect, it } from 'vitest';
import {
  crossOption,
  decimalText,
  duration,
  fitOption,
  shownSpan,
  timeOf,
  timeOption,
  wholeNumber,
} from '../../operator-cli/option-values.ts';

describe('option values', () => {
  it('read whole numbers of a range only', () => {
    const read = wholeNumber(1, 100);
    expect(read('100')).toBe(100);
    for (const text of ['0', '101', '1.5', '-1', '1e1', '', ' 1'])
      expect(() => read(text)).toThrow(/1 to 100/);
  });

  it('keep every digit of a decimal and spell it plainly', () => {
    expect(decimalText('-12.50')).toBe('-12.5');
    expect(decimalText('1e3')).toBe('1000');
    expect(decimalText('+.5')).toBe('0.5');
    for (const text of ['', 'x', '1,5', 'Infinity', '1e999999999']) expect(() => decimalText(text)).toThrow();
  });

  it('read a field with the shares of its cells, or with the columns of its table', () => {
    expect(fitOption('choice')).toEqual({ field: 'choice' });
    expect(fitOption('a=b=1,0.5')).toEqual({
      field: 'a=b',
      shares: [
        { numerator: 1n, denominator: 1n },
        { numerator: 1n, denominator: 2n },
      ],
    });
    for (const text of ['choice=', 'choice=1,', 'choice=1,x', '=1', 'choice=-1,2']) {
      expect(() => fitOption(text)).toThrow(/Expected a field/);
    }
    expect(crossOption('class and answer=5')).toEqual({ field: 'class and answer', columns: 5 });
    for (const text of ['code', 'code=', 'code=0', 'code=1.5', '=2']) {
      expect(() => crossOption(text)).toThrow(/number of columns/);
    }
  });

  it('read moments absolutely and relatively', () => {
    const base = { now: 5_000, from: 1_000 };
    expect(timeOf(timeOption('now'), base)).toBe(5_000);
    expect(timeOf(timeOption('1767225600000'), base)).toBe(1_767_225_600_000);
    expect(timeOf(timeOption('2026-01-01'), base)).toBe(1_767_225_600_000);
    expect(timeOf(timeOption('2026-01-01T01:00+01:00'), base)).toBe(1_767_225_600_000);
    expect(timeOf(timeOption('+2m'), base)).toBe(121_000);
  });

  it('refuse a time without a zone, which would be another one elsewhere', () => {
    for (const text of ['2026-01-01T00:00', '2026-13-01', 'tomorrow', '+5', '-1']) {
      expect(() => timeOption(text)).toThrow(/Expected now/);
    }
  });

  it('read spans with a unit only, within their range, and show them the same way', () => {
    const read = duration(1_000, 86_400_000);
    for (const [text, ms] of [
      ['1500ms', 1_500],
      ['90s', 90_000],
      ['15m', 900_000],
      ['1d', 86_400_000],
    ] as const) {
      expect(read(text)).toBe(ms);
      expect(shownSpan(ms)).toBe(text);
    }
    expect(shownSpan(0)).toBe('0s');
    for (const text of ['15', '', '1.5h', '-1h', '25h', '0s', '1w']) {
      expect(() => read(text)).toThrow(/from 1s to 1d/);
    }
  });
});
