import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ringVectors } from './generate/ring.ts';

describe('the vectors of the ring and its documents', () => {
  it.each(['placement.json', 'documents.json'])('in %s are what the code computes today', async (name) => {
    const committed: unknown = JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'));
    expect((await ringVectors())[name]).toEqual(committed);
  });
});
