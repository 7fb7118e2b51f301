import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/protocol/index.ts';
import { BINARY_CONTENT, JSON_CONTENT, operations } from '../../../src/protocol/index.ts';

type Described = Omit<Operation<never, unknown>, 'request' | 'response'> & {
  readonly request: { readonly contentType: string };
};
const ALL = Object.entries<Described>(operations);

describe('the catalogue of operations', () => {
  it('has every method and path once', () => {
    const names = ALL.map(([, { method, path }]) => `${method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(ALL)('puts %s on the port of its audience', (_, { audience, path }) => {
    expect(path).toMatch(
      audience === 'public' || audience === 'operator' ? /^\/v1\/[a-z/-]+$/ : /^\/peer\/v1\/[a-z/-]+$/,
    );
  });

  it.each(ALL)('gives %s a scope exactly where an operator asks', (_, { audience, scope }) => {
    expect(scope === null).toBe(audience !== 'operator');
  });

  it.each(ALL)('bounds the body of %s, and allows none where the request is in the query', (_, operation) => {
    const { method, bodyBytesMax } = operation;
    if (method === 'GET') expect(bodyBytesMax).toBe(0);
    else expect(bodyBytesMax).toBeGreaterThan(0);
    expect(bodyBytesMax).toBeLessThanOrEqual(16 * 1_048_576);
  });

  it('answers from shares inside a domain only', () => {
    const fromShares = ['LEDGER', 'HELD', 'SUM', 'COPY', 'COMPARE', 'ROWS', 'GATHER', 'INVENTORY', 'SENSORS'];
    for (const [name, { audience }] of ALL) if (fromShares.includes(name)) expect(audience).toBe('domain');
  });

  it('carries everything about flags and shares in binary, and documents and what people write in JSON', () => {
    for (const [name, { audience, method, request }] of ALL) {
      const json = audience === 'operator' || method === 'GET' || /ROSTER|RING|RETIREMENTS/.test(name);
      expect(request.contentType).toBe(json ? JSON_CONTENT : BINARY_CONTENT);
    }
  });

  it('takes the request of a GET from its query, and none where it asks for none', () => {
    const query = (text: string) => new TextEncoder().encode(text);
    const { READ_STREAM, READ_RING } = operations;
    const stream = 'ab'.repeat(32);
    expect(READ_STREAM.request.decode(query(JSON.stringify({ stream })))).toEqual({ stream });
    const mismatch = expect.objectContaining({ code: 'SCHEMA_MISMATCH' });
    expect(() => READ_STREAM.request.decode(query('{}'))).toThrow(mismatch);
    expect(() => READ_STREAM.request.decode(query(JSON.stringify({ stream, more: '1' })))).toThrow(mismatch);
    expect(() => READ_RING.request.decode(query('{"more":"1"}'))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_BODY' }),
    );
  });
});
