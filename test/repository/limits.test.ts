import { expect, test } from 'vitest';
import { PUBLIC_LIMITS } from '../../node/http/index.ts';
import { PEER_LIMITS } from '../../node/links/index.ts';
import { LINK_LIMITS, TRANSPORT_LIMITS } from '../../src/platform/transport-limits.ts';
import { codeCell, productFiles, readText, tableRows, withoutComments } from './repository.ts';

/** A limit is a constant whose name says so; the rest of the constants are parts of formats. */
const LIMIT =
  /^(?:export )?const ([A-Z][A-Z0-9_]*(?:_MAX|_MIN|_MS|_SECONDS|_ROWS|_AT_ONCE)(?:_[A-Z]+)*) = ([^;{]+);/gm;
/** Units and not limits. */
const UNITS = new Set(['DAY_MS']);

const rows = tableRows(readText('docs/LIMITS.md'));
const documented = new Map(rows.map(([name, value]) => [codeCell(name), value]));

const inCode = productFiles().flatMap((path) =>
  [...withoutComments(readText(path)).matchAll(LIMIT)]
    .filter(([, name]) => !UNITS.has(name ?? ''))
    .map(([, name = '', expression = '']) => ({ path, name, value: evaluate(expression) })),
);

test('every limit of the code stands in docs/LIMITS.md with its value', () => {
  const wrong = inCode
    .filter(({ name, value }) => documented.get(name) !== shown(value))
    .map(({ path, name, value }) => `${path}: ${name} = ${shown(value)}, documented ${documented.get(name)}`);
  expect(wrong).toEqual([]);
});

test('the limits of the ports and of the transport stand there too', () => {
  const { responseBytesMax: _, keepAliveMs: __, ...transport } = TRANSPORT_LIMITS;
  const expected = new Map<string, string>();
  for (const limits of [PUBLIC_LIMITS, PEER_LIMITS, transport, LINK_LIMITS]) {
    for (const [name, value] of Object.entries(limits)) {
      const before = expected.get(name) ?? shown(value);
      expected.set(name, before === shown(value) ? before : `${before} / ${shown(value)}`);
    }
  }
  const all = [...expected];
  expect(all.filter(([name, value]) => documented.get(name) !== value)).toEqual([]);
  expect(documented.get('responseBytesMax')).toBe('`PEER_BODY_BYTES_MAX`');
});

test('docs/LIMITS.md lists nothing that the code does not have', () => {
  const known = new Set([
    ...inCode.map(({ name }) => name),
    ...[PUBLIC_LIMITS, PEER_LIMITS, TRANSPORT_LIMITS, LINK_LIMITS].flatMap((limits) => Object.keys(limits)),
  ]);
  const stale = [...documented.keys()].filter((name) => name !== undefined && !known.has(name));
  expect(stale).toEqual([]);
});

test('every limit has a unit and a reason', () => {
  const bare = rows.filter(([name, , unit, reason]) => codeCell(name) !== undefined && !(unit && reason));
  expect(bare).toEqual([]);
});

/** The value of a constant's expression: numbers, products, powers, minus one, and a day. */
function evaluate(expression: string): number {
  const text = expression.replaceAll('_', '').replaceAll('DAYMS', '86400000').trim();
  const [product = '', subtrahend = '0'] = text.split(/ - (?=\d)/);
  const value = product
    .split(/ \* /)
    .map((factor) => {
      const [base = '', exponent = '1'] = factor.split(' ** ');
      return Number(base) ** Number(exponent);
    })
    .reduce((a, b) => a * b, 1);
  return value - Number(subtrahend);
}

function shown(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}
