import { describe, expect, test } from 'vitest';
import { ENTRY_KEY_BYTES, operations } from '../../src/protocol/index.ts';
import { codeCell, readText, tableRows } from './repository.ts';

const rows = tableRows(readText('docs/PROTOCOL.md'));

describe('docs/PROTOCOL.md', () => {
  test('lists every operation with its request and who may ask, and no other', () => {
    const documented = rows
      .filter((cells) => cells.length === 5 && /^`(?:GET|POST) /.test(cells[1] ?? ''))
      .map(([name, request, who]) => [codeCell(name), codeCell(request), who]);
    const inCode = Object.entries(operations).map(([name, { method, path, audience, scope }]) => [
      name,
      `${method} ${path}`,
      scope === null ? audience : `${audience}, ${scope}`,
    ]);
    expect(documented.toSorted(byName)).toEqual(inCode.toSorted(byName));
  });

  test('has the layout and the size of every message of the vectors', () => {
    const layouts = rows.filter(({ length }) => length === 2).map(([name]) => name);
    const twice = vectors.filter(({ message }) => layouts.filter((name) => name === message).length < 2);
    expect(twice.map(({ message }) => message)).toEqual([]);
  });

  test('gives sizes that the vectors have', () => {
    const wrong = vectors
      .map((vector) => ({ vector, size: sizes.get(vector.message) ?? '' }))
      .filter(({ vector, size }) => evaluate(size, amountsIn(vector.value)) !== vector.bytes.length / 2)
      .map(({ vector, size }) => `${vector.message}: ${vector.bytes.length / 2} bytes, documented ${size}`);
    expect(wrong).toEqual([]);
  });
});

interface Vector {
  readonly message: string;
  readonly bytes: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const { messages: vectors }: { readonly messages: readonly Vector[] } = JSON.parse(
  readText('test/vectors/messages.json'),
);

const sizes = new Map(
  rows.filter(([, size]) => /^`\d+(?: \+|`)/.test(size ?? '')).map(([name, size]) => [name, codeCell(size)]),
);

/** Lists of which each item adds to f. */
const FLAG_LISTS = ['flags', 'outcomes', 'rows', 'votes', 'entries', 'missing', 'readings'];

/** How much of everything that sizes are made of is in a value. */
function amountsIn(value: unknown): Record<string, number> {
  const amounts: Record<string, number> = {
    f: 0,
    e: 0,
    p: 0,
    q: 0,
    k: 0,
    x: 0,
    r: 0,
    a: 0,
    c: 0,
    v: 0,
    t: 0,
    s: 0,
    o: 0,
    d: 0,
  };
  const add = (name: string, amount: number) => {
    amounts[name] = (amounts[name] ?? 0) + amount;
  };
  const walk = (name: string, part: unknown): void => {
    if (Array.isArray(part)) {
      if (FLAG_LISTS.includes(name)) add('f', part.length);
      if (name === 'partitions') add('p', part.length);
      if (name === 'packets') add('q', part.length);
      if (name === 'excluded') add('x', part.length);
      if (name === 'sensors') add('s', part.length);
      if (name === 'receipts') add('r', part.length);
      if (name === 'conflicts' || name === 'others') add('o', part.length);
      if (name === 'proofs' || name === 'parts') add('d', part.length);
      if (name === 'stored') add('r', part.length);
      if (name !== 'receipts') for (const item of part) walk('', item);
    } else if (typeof part === 'object' && part !== null) {
      if (name === 'accepted') add('a', 1);
      if (name === 'after') add('c', 1);
      for (const [inner, item] of Object.entries(part)) walk(inner, item);
    } else if (typeof part === 'number') {
      if (name === 'next') add('c', 1);
    } else if (typeof part === 'string') {
      if (name === 'publicKey') add('k', 1);
      if (name === 'receipt' || name === 'word') add('r', 1);
      if (name === 'keys') add('f', part.length / 2 / ENTRY_KEY_BYTES);
      if (name === 'share' || name === 'shares' || name === 'sealed' || name === 'elements')
        add('e', part.length / 2);
      if (name === 'domain' || name === 'reason') add('t', Buffer.byteLength(part));
      // A flag's value is a word, a register's is bytes.
      if (name === 'value' && /^(?:[0-9a-f]{2})*$/.test(part)) add('e', part.length / 2);
    }
  };
  walk('', value);
  if (typeof value === 'object' && value !== null && 'value' in value && value.value !== null) add('v', 1);
  return amounts;
}

function evaluate(size: string | undefined, amounts: Readonly<Record<string, number>>): number {
  return (size ?? '')
    .split(' + ')
    .map((term) => term.split(' ').reduce((product, part) => product * (amounts[part] ?? Number(part)), 1))
    .reduce((a, b) => a + b, 0);
}

function byName(
  a: readonly (string | undefined | null)[],
  b: readonly (string | undefined | null)[],
): number {
  return (a[0] ?? '') < (b[0] ?? '') ? -1 : 1;
}
