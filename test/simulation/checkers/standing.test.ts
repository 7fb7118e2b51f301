import { expect, it } from 'vitest';
import { concat, utf8 } from '../../../src/foundation/index.ts';
import type { WindowScope } from '../../../src/protocol/index.ts';
import { entryOfKey, flagKeyBytes, windowKey } from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { createStandingChecks, placeOfEntry, placeOfWindow } from './standing.ts';

const SCOPE: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7_000), group: 0 };
const ENTRY = entryOfKey(new Uint8Array(36).fill(9));
const OWED = { place: placeOfEntry('flags', SCOPE, ENTRY), name: 'vote' };
const OTHER = entryOfKey(new Uint8Array(36).fill(200));

/** A node that has acknowledged something about the entry, and whether it is on its disk. */
function promised() {
  const violations: string[] = [];
  const checks = createStandingChecks((what) => void violations.push(what));
  const disk = { whole: true };
  checks.keep('a1', OWED, () => (disk.whole ? undefined : 'a1 has lost it'));
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
  checks.keep('a1', { place: placeOfWindow(SCOPE), name: 'frozen' }, () => 'never was there');
  expect(violations).toEqual(['a1 has lost it', 'never was there']);
});

it('what is acknowledged about a window is asked about when any row about the window changes', () => {
  const violations: string[] = [];
  const checks = createStandingChecks((what) => void violations.push(what));
  let frozen = true;
  checks.keep('a1', { place: placeOfWindow(SCOPE), name: 'frozen' }, () =>
    frozen ? undefined : 'not frozen',
  );
  frozen = false;
  checks.changed('a1', 'windows', concat(utf8('S'), windowKey({ ...SCOPE, group: 1 }), utf8('terms')));
  expect(violations).toEqual([]);
  checks.changed('a1', 'windows', concat(utf8('W'), windowKey(SCOPE), utf8('F')));
  expect(violations).toEqual(['not frozen']);
});

it('of what is owed under several ballots the highest is asked about, whichever was told last', () => {
  const violations: string[] = [];
  const checks = createStandingChecks((what) => void violations.push(what));
  let held = 3;
  for (const counter of [2, 3, 1]) {
    const ballot = { counter, proposer: 0 };
    checks.keep('a1', { ...OWED, ballot }, () => (held < counter ? `ballot ${counter} is gone` : undefined));
  }
  held = 2;
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual(['ballot 3 is gone']);
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
  checks.keep('a1', { ...OWED, name: 'other vote' }, () => (kept.whole ? undefined : 'a1 loses more'));
  disk.whole = false;
  checks.harmed('a1');
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual([]);
  kept.whole = false;
  checks.changed('a1', 'flags', flagKeyBytes(SCOPE, ENTRY));
  expect(violations).toEqual(['a1 loses more']);
});
