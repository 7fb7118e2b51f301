import { EngineError } from '../../src/foundation/index.ts';

/** A name given twice is refused: two readers of one request must not pick different values. */
export function parseQuery(text: string): Readonly<Record<string, string>> {
  const entries = [...new URLSearchParams(text)];
  const query = new Map(entries);
  if (query.size < entries.length) {
    throw new EngineError('SCHEMA_MISMATCH', 'expected every name in the query once, got one twice');
  }
  return Object.fromEntries(query);
}
