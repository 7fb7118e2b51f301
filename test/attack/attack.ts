import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** How far an attack got that the design does not stop. */
    extent?: string;
  }
}

const words = (text: string): string => text.replaceAll('**', '').replace(/\s+/g, ' ');
const threats = words(readFileSync(new URL('../../docs/THREATS.md', import.meta.url), 'utf8'));

/** An attack that is carried out and gets nothing; the test fails where it succeeds. */
export function refused(id: string, title: string, attack: () => Promise<void>): void {
  it(`${id} ${title}`, attack);
}

/**
 * An attack that the design does not stop. It is carried out to measure how far it gets, and what it gets must be
 * said in docs/THREATS.md.
 * @param sentence part of THREATS.md, spelt as there.
 * @param attack resolves to what was measured.
 */
export function extent(id: string, title: string, sentence: string, attack: () => Promise<string>): void {
  it(`${id} ${title}`, async ({ task }) => {
    expect(threats).toContain(words(sentence));
    task.meta.extent = await attack();
  });
}
