import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, ROOT, readText } from './repository.ts';

const documents = filesUnder('.', '.md').filter((path) => !path.startsWith('.'));

interface Link {
  readonly document: string;
  readonly target: string;
}

/** Links of a document outside its code. */
function linksOf(document: string): Link[] {
  const text = readText(document)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ document, target }));
}

const links = documents.flatMap(linksOf);

/** A heading as the anchor that GitHub makes of it. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

test('every relative link leads to a file of the project, and its anchor to a heading there', () => {
  const broken = links
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .filter(({ document, target }) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, file))) return true;
      if (anchor === undefined) return false;
      const headings = [...readText(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        anchorOf(heading),
      );
      return !headings.includes(anchor);
    });
  expect(broken).toEqual([]);
});

test('every file of docs is reached from the README', () => {
  const reached = new Set<string>();
  const waiting = ['README.md'];
  for (let document = waiting.pop(); document !== undefined; document = waiting.pop()) {
    if (reached.has(document) || !documents.includes(document)) continue;
    reached.add(document);
    const from = dirname(document);
    for (const { target } of linksOf(document)) waiting.push(join(from, target.split('#')[0] ?? ''));
  }
  expect(filesUnder('docs', '.md').filter((path) => !reached.has(path))).toEqual([]);
});
