import { expect, test } from 'vitest';
import { filesUnder, readText } from './repository.ts';

const blocks = [...readText('README.md').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code);
const examples = filesUnder('test/examples', '.ts')
  .filter((path) => !path.endsWith('.test.ts'))
  .map(readText);

test('every TypeScript block of the README is an example that a test runs', () => {
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks.filter((block) => !examples.includes(block ?? ''))).toEqual([]);
});
