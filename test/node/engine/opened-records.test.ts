import { describe, expect, it } from 'vitest';
import { createOpenedRecords, OPENED_RECORDS_BYTES_MAX } from '../../../node/engine/opened-records.ts';

const THIRD = new Uint8Array(OPENED_RECORDS_BYTES_MAX / 3);

describe('opened records in memory', () => {
  it('are the ones that were used last, up to a number of bytes', () => {
    const opened = createOpenedRecords();
    for (const name of ['a', 'b', 'c']) opened.keep(name, THIRD);
    expect(opened.get('a')).toBe(THIRD);
    opened.keep('d', THIRD);
    expect(['a', 'b', 'c', 'd'].map((name) => opened.get(name) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('go one by one, or all whose name begins alike', () => {
    const opened = createOpenedRecords();
    for (const name of ['1/a', '1/b', '2/a']) opened.keep(name, THIRD);
    opened.drop('1/b');
    opened.forget('1/');
    const left = ['1/a', '1/b', '2/a'].filter((name) => opened.get(name) !== undefined);
    expect(left).toEqual(['2/a']);
  });
});
