import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readText, tableRows } from './repository.ts';

const FOLDER = 'test/attack';
const files = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith('.attack.ts'));
const performed = files.flatMap((name) =>
  [...readText(`${FOLDER}/${name}`).matchAll(/\b(?:refused|extent)\(\s*'([^']+)'/g)].map(([, id]) => id),
);

test('docs/THREATS.md lists the attacks that are carried out, and no other', () => {
  const [, section = ''] = readText('docs/THREATS.md').split('## The attacks, one by one');
  const listed = tableRows(section).flatMap(([, tests = '']) =>
    [...tests.matchAll(/`([^`]+)`/g)].map(([, id]) => id),
  );
  expect([...new Set(listed)].toSorted()).toEqual([...new Set(performed)].toSorted());
});

test('every attack that the reviews ask for is carried out', () => {
  const asked = [
    ...Array.from({ length: 20 }, (_, i) => `A${i + 1}`),
    ...Array.from({ length: 7 }, (_, i) => `E${i + 1}`),
    ...['F5', 'F6', 'F11a', 'F11b', 'F11c', 'F13'],
  ];
  expect(asked.filter((id) => !performed.includes(id))).toEqual([]);
  expect(performed.filter((id) => id === 'F5')).toHaveLength(3);
});
