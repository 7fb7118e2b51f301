import { expect, test } from 'vitest';
import { filesUnder, readText } from './repository.ts';

const documents = ['README.md', 'docs/STATISTICS.md'];
const blocks = documents.flatMap((path) =>
  [...readText(path).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code),
);
const examples = filesUnder('test/examples', '.ts')
  .filter((path) => !path.endsWith('.test.ts'))
  .map(readText);

test('every TypeScript block of the documents is an example that a test runs', () => {
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks.filter((block) => !examples.includes(block ?? ''))).toEqual([]);
});
