import { expect, it } from 'vitest';
import { concat, utf8 } from '../../../src/foundation/index.ts';
import type { WindowScope } from '../../../src/protocol/index.ts';
import { entryOfKey, flagKeyBytes, windowKey } from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { createStandingChecks, placeOfEntry, placeOfWindow } from './standing.ts';

const SCOPE: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7_000), group: 0 };
const ENTRY = entryOfKey(new Uint8Array(36).fill(9));
const OTHER = entryOfKey(new Uint8Array(36).fill(200));

/** A node that has acknowledged something about the entry, and whether it is on its disk. */
function promised() {
  const violations: string[] = [];
  const checks = createStandingChecks((what) => void violations.push(what));
  const disk = { whole: true };
  checks.keep('a1', placeOfEntry('flags', SCOPE, ENTRY), () => (disk.whole ? undefined : 'a1 has lost it'));
  return { checks, violations, disk };
}

it('what is acknowledged is asked about when it is, and when a row of its partition changes', () => {
  const { checks, violations, disk } = promised();
  disk.whole = false;
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, OTHER));
  checks.changed('a1', 'values', flagKeyBytes(SCOPE, ENTRY));
  checks.changed('b1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual([]);
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual(['a1 has lost it']);
  checks.keep('a1', placeOfWindow(SCOPE), () => 'never was there');
  expect(violations).toEqual(['a1 has lost it', 'never was there']);
});

it('what is acknowledged about a window is asked about when any row about the window changes', () => {
  const violations: string[] = [];
  const checks = createStandingChecks((what) => void violations.push(what));
  let frozen = true;
  checks.keep('a1', placeOfWindow(SCOPE), () => (frozen ? undefined : 'not frozen'));
  frozen = false;
  checks.changed('a1', 'windows', concat(utf8('S'), windowKey({ ...SCOPE, group: 1 }), utf8('terms')));
  expect(violations).toEqual([]);
  checks.changed('a1', 'windows', concat(utf8('W'), windowKey(SCOPE), utf8('F')));
  expect(violations).toEqual(['not frozen']);
});

it('a loss that nobody has noticed shows at the end', () => {
  const { checks, violations, disk } = promised();
  disk.whole = false;
  checks.atEnd();
  expect(violations).toEqual(['a1 has lost it']);
});

it('what a fault has taken is no longer owed, and all else still is', () => {
  const { checks, violations, disk } = promised();
  const kept = { whole: true };
  checks.keep('a1', placeOfEntry('flags', SCOPE, ENTRY), () => (kept.whole ? undefined : 'a1 loses more'));
  disk.whole = false;
  checks.harmed('a1');
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual([]);
  kept.whole = false;
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual(['a1 loses more']);
});
