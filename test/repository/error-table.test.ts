import { describe, expect, test } from 'vitest';
import { ERROR_TABLE, EXIT_CODES } from '../../src/foundation/index.ts';
import { codeCell, productFiles, readText, tableRows, withoutComments } from './repository.ts';

const rows = tableRows(readText('docs/ERRORS.md'));

describe('docs/ERRORS.md', () => {
  test('has a row for every code with its status, retry and meaning, and no other code', () => {
    const documented = rows.filter((cells) => cells.length === 5 && codeCell(cells[0]) !== undefined);
    const facts = documented.map(([code, status, retry, meaning]) => [
      codeCell(code),
      status,
      retry,
      meaning,
    ]);
    const expected = Object.entries(ERROR_TABLE).map(([code, { status, retry, meaning }]) => [
      code,
      String(status),
      retry ? 'yes' : 'no',
      meaning,
    ]);
    expect(byFirst(facts)).toEqual(byFirst(expected));
  });

  test('says for every code what to do', () => {
    const silent = rows.filter((cells) => cells.length === 5 && (cells[4] ?? '').length < 5);
    expect(silent).toEqual([]);
  });

  test('has a row for every exit code and no other', () => {
    const documented = rows.filter((cells) => cells.length === 3 && codeCell(cells[0]) !== undefined);
    const facts = documented.map(([name, code, meaning]) => [codeCell(name), code, meaning]);
    const expected = Object.entries(EXIT_CODES).map(([name, { code, meaning }]) => [
      name,
      String(code),
      meaning,
    ]);
    expect(byFirst(facts)).toEqual(byFirst(expected));
  });
});

test('every code of the table is used somewhere outside the table', () => {
  const code = productFiles()
    .filter((path) => path !== 'src/foundation/errors.ts' && path !== 'src/foundation/exit-codes.ts')
    .map((path) => withoutComments(readText(path)))
    .join('\n');
  const unused = Object.keys(ERROR_TABLE).filter((name) => !code.includes(`'${name}'`));
  expect(unused).toEqual([]);
});

function byFirst(table: readonly (readonly (string | undefined)[])[]) {
  return table.toSorted((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1));
}
