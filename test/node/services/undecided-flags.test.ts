import { describe, expect } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { createUndecidedFlags } from '../../../node/services/undecided-flags.ts';
import { entryKeys, entryName } from '../../../src/protocol/index.ts';
import { anyEntry } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const hash = createEntryHash(new Uint8Array(8));
const FLAGS = 12;

const anyStep = fc.record({
  what: fc.constantFrom('add', 'add', 'delete', 'learn'),
  flags: fc.uniqueArray(fc.nat({ max: FLAGS - 1 }), { maxLength: FLAGS }),
});

describe('the undecided flags of a window', () => {
  test.prop([
    fc.uniqueArray(anyEntry, { minLength: FLAGS, maxLength: FLAGS, selector: entryName }),
    fc.array(anyStep, { maxLength: 20 }),
  ])(
    'are those that came and are not decided, oldest first, each known since it first came and counted once',
    (all, steps) => {
      const flags = createUndecidedFlags(hash);
      const plain = new Map<string, number>();
      const learned = new Map<string, number>();
      for (const [time, { what, flags: some }] of steps.entries()) {
        const entries = some.flatMap((at) => all[at] ?? []);
        if (what === 'add') {
          const fresh = entries.filter(
            (entry) => !plain.has(entryName(entry)) && !learned.has(entryName(entry)),
          );
          for (const entry of fresh) plain.set(entryName(entry), time);
          expect(flags.add(entryKeys(entries), time)).toBe(fresh.reduce((sum, { count }) => sum + count, 0));
        } else {
          for (const name of entries.map(entryName)) {
            const since = plain.get(name);
            if (what === 'learn' && since !== undefined) learned.set(name, since);
            if (what === 'delete') learned.delete(name);
            plain.delete(name);
          }
          flags[what](entryKeys(entries));
        }
        expect(flags.size).toBe(plain.size);
        const sinces = all.map((entry) => plain.get(entryName(entry)) ?? learned.get(entryName(entry)));
        expect(flags.knownSince(entryKeys(all))).toEqual(sinces);
        expect(all.map((entry) => flags.waits(entryKeys([entry])))).toEqual(
          all.map((entry) => plain.has(entryName(entry))),
        );
        const until = [...plain].filter(([, since]) => since <= time - 3).map(([name]) => name);
        expect([...flags.knownUntil(time - 3)].map(entryName)).toEqual(until);
        expect(flags.countBefore(time - 2)).toBe(until.length);
      }
    },
  );
});
