import { describe, expect } from 'vitest';
import { encodeFlagRow, type FlagRow, freshFlag } from '../../../node/engine/rows.ts';
import { changeFlags } from '../../../node/services/flag-changes.ts';
import { BALLOT_ZERO } from '../../../src/consensus/index.ts';
import { fc, test } from '../../support/property.ts';

/** A row that says nothing but when its flag was first heard of. */
const rowOf = (since: number): FlagRow => freshFlag(since);
const VOTED: FlagRow = { ...freshFlag(9), accepted: { ballot: BALLOT_ZERO, value: 'TRUE' } };

describe('the flags of a request', () => {
  test.prop([
    fc.array(fc.nat({ max: 3 }), { maxLength: 12 }),
    fc.array(fc.option(fc.nat({ max: 1 }), { nil: undefined }), { minLength: 4, maxLength: 4 }),
  ])('change as if each were asked for by itself, and those that do alike together', (asked, known) => {
    const stored = known.map((since) => (since === undefined ? undefined : rowOf(since)));
    const bodies = asked.map((at) => {
      const row = stored[at];
      return row === undefined ? undefined : encodeFlagRow(row);
    });
    const found = {
      bodies,
      first: (place: number) => asked.indexOf(asked[place] ?? -1),
    };
    // A row known since 1 stays; the others become one and the same.
    const changed = changeFlags(found, (row) => ({
      row: row === VOTED || row?.knownSince === 1 ? row : VOTED,
      answer: row?.knownSince ?? 'new',
    }));

    const rows = new Map(stored.entries());
    const answers = asked.map((at) => {
      const row = rows.get(at);
      if (row?.knownSince !== 1) rows.set(at, VOTED);
      return row?.knownSince ?? 'new';
    });
    expect(changed.answers).toEqual(answers);
    const firsts = [...asked.keys()].filter((place) => found.first(place) === place);
    const become = firsts.filter((place) => stored[asked[place] ?? 0]?.knownSince !== 1);
    expect(changed.versions).toEqual(become.length === 0 ? [] : [{ places: become, row: VOTED }]);
    expect(changed.changes.flatMap(({ places }) => places)).toEqual(become);
    for (const { places, was, row } of changed.changes) {
      expect(row).toBe(VOTED);
      for (const place of places) expect(was).toEqual(stored[asked[place] ?? -1]);
    }
  });

  test.prop([fc.integer({ min: 1, max: 9 })])('that nobody knew become one thing, with one row', (flags) => {
    const bodies = Array.from({ length: flags }, () => undefined);
    const found = { bodies, first: (place: number) => place };
    const change = { row: VOTED, answer: 'granted' };
    const { changes, versions } = changeFlags(found, () => change);
    expect(changes).toEqual([{ places: [...bodies.keys()], was: undefined, row: VOTED }]);
    expect(versions).toEqual([{ places: [...bodies.keys()], row: VOTED }]);
  });
});
