import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { coreVectors, vectorText } from './generate/core.ts';

test.each(Object.entries(coreVectors()))('%s is what the code prints today', (fileName, content) => {
  const committed = readFileSync(new URL(fileName, import.meta.url), 'utf8');
  expect(vectorText(content)).toBe(committed);
});
