import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError, numericColumn, parseCsv } from '../../../src/foundation/index.ts';

function faultOf(run: () => unknown): EngineError {
  try {
    run();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('expected an EngineError');
}

test('rows are numbered from 1 under the header, whatever ends the lines', () => {
  for (const end of ['\n', '\r\n']) {
    const table = parseCsv(['time,celsius', '00:00,4.5', '01:00,-0.3', ''].join(end));
    expect(table.header).toEqual(['time', 'celsius']);
    expect(table.rows.map(({ number, line, cells }) => [number, line, ...cells])).toEqual([
      [1, 2, '00:00', '4.5'],
      [2, 3, '01:00', '-0.3'],
    ]);
  }
});

test('a quoted cell may hold commas, quotes and line breaks, and lines are still counted', () => {
  const table = parseCsv('a,b\n"x, ""y""\nz",1\n2,3');
  expect(table.rows.map(({ line, cells }) => [line, ...cells])).toEqual([
    [2, 'x, "y"\nz', '1'],
    [4, '2', '3'],
  ]);
});

test('a byte order mark is no part of the first column name', () => {
  expect(numericColumn(parseCsv('\ufeffx\n1\n'), 'x')).toEqual([{ row: 1, text: '1' }]);
});

test('any table survives being written and read', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', 'é') });
  const tables = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }));
  fc.assert(
    fc.property(tables, fc.constantFrom('\n', '\r\n'), (rows, end) => {
      const text = rows
        .map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(',') + end)
        .join('');
      const table = parseCsv(text);
      expect([table.header, ...table.rows.map(({ cells }) => cells)]).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['a blank cell', 'id,x\n1,2\n2,\n', 'row 2 (line 3), column x: expected a number, got a blank cell'],
  ['a cell of spaces', 'x\n1\n  \n', 'row 2 (line 3), column x: expected a number, got a blank cell'],
  ['a word', 'x\nwarm\n', 'row 1 (line 2), column x: expected a decimal number, got 4 other characters'],
  ['NaN', 'x\nNaN\n', 'row 1 (line 2), column x: expected a decimal number, got 3 other characters'],
  [
    'Infinity',
    'x\n-Infinity\n',
    'row 1 (line 2), column x: expected a decimal number, got 9 other characters',
  ],
  ['hex', 'x\n0x10\n', 'row 1 (line 2), column x: expected a decimal number, got 4 other characters'],
  [
    'a decimal comma',
    'x\n"1,5"\n',
    'row 1 (line 2), column x: expected a decimal number with a point, got one with a comma',
  ],
  [
    'cells behind semicolons',
    'id;x\n1;1,5\n',
    'row 1 (line 2), column id;x: expected 1 cell as in the header, got 2; commas separate cells, not semicolons or tabs',
  ],
  [
    'an over-long number',
    `x\n${'1'.repeat(61)}\n`,
    'row 1 (line 2), column x: expected a number of at most 60 characters, got 61',
  ],
  ['a missing cell', 'a,x\n1\n', 'row 1 (line 2), column x: expected 2 cells as in the header, got 1'],
  ['a cell too many', 'a,x\n1,2,3\n', 'row 1 (line 2), column x: expected 2 cells as in the header, got 3'],
  ['an open quote', 'a,x\n1,"2\n', 'row 1 (line 2), column x: expected a closing quote'],
  [
    'a quote inside a cell',
    'x\n1"2\n',
    'row 1 (line 2), column x: expected quotes around the whole cell, got one inside it',
  ],
  ['text behind a quote', 'x\n"1"2\n', 'row 1 (line 2), column x: expected a comma after the closing quote'],
  ['a lone CR', 'a\r1\r', 'header (line 1), column 1: expected a line to end in LF or CRLF'],
  ['no rows', 'x\n', 'column x: expected at least one row under the header'],
  ['an empty file', '', 'expected a header row, got an empty file'],
])('%s is refused with its row and column', (_, text, message) => {
  const fault = faultOf(() => numericColumn(parseCsv(text), 'x'));
  expect([fault.code, fault.message]).toEqual(['MALFORMED_TEXT', message]);
});

test('a column that is missing or there twice is a fault of the argument', () => {
  expect(faultOf(() => numericColumn(parseCsv('a,b\n1,2'), 'x')).message).toBe(
    'expected one of the columns a, b, got x',
  );
  expect(faultOf(() => numericColumn(parseCsv('a\tx\n1\t2'), 'x')).message).toBe(
    'expected one of the columns a\tx, got x; commas separate cells, not semicolons or tabs',
  );
  expect(faultOf(() => numericColumn(parseCsv('x,x\n1,2'), 'x')).code).toBe('INVALID_ARGUMENT');
});

test('numbers come as they stand, without the spaces around them', () => {
  const texts = ['1', '-2.50', '+3', '.5', '5.', '1e3', '2.5E-4'];
  const column = numericColumn(parseCsv(`x\n${texts.join(' \n\t')}`), 'x');
  expect(column.map(({ text }) => text)).toEqual(texts);
});
