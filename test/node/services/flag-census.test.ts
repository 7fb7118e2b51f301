import { describe, expect, it } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { type FlagRow, freshFlag } from '../../../node/engine/rows.ts';
import { type FlagCensus, openFlagCensus, type UndecidedFlag } from '../../../node/services/flag-census.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { BALLOT_ZERO } from '../../../src/consensus/index.ts';
import { entryKeys, entryName, type FlagEntry } from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { flagEntry } from '../../src/rounds/flag-entries.ts';
import { expectCode } from '../../support/bad-input.ts';

const LIMIT = 4;
const FIRST = 0;
const LATER = 1;
const NOW = 2;

const windowOf = (window: number, maxReadings = 1_000): OpenWindowRecord =>
  ({
    scope: { stream: 'aa', window, group: 0 },
    stream: { name: 'test', maxReadings },
    frozen: false,
    settlement: null,
  }) as never;

const flagsOf = (from: number, count: number): FlagEntry[] =>
  Array.from({ length: count }, (_, i) => flagEntry(from + i, partition(0)));

/** Of an acceptor with nothing on its disk. */
const emptyCensus = (): Promise<FlagCensus> =>
  openFlagCensus({
    packed: {} as never,
    entryHash: createEntryHash(new Uint8Array(8)),
    records: [],
    shares: () => (async function* () {})(),
    acceptors: () => [],
    self: { nodeId: 'node' as never },
    hear: () => {},
  });

const namesOf = (flags: readonly UndecidedFlag[]): string[] => flags.map(({ entry }) => entryName(entry));

describe('undecided flags', () => {
  it('are given out oldest first, those over their timeout only, a number at a time', async () => {
    const census = await emptyCensus();
    const window = windowOf(1);
    const [old, young] = [flagsOf(0, 2), flagsOf(2, 3)];
    census.heard(window, entryKeys(old), FIRST);
    census.heard(window, entryKeys(young), LATER);
    expect(namesOf(census.olderThan(() => FIRST, LIMIT))).toEqual(old.map(entryName));
    expect(namesOf(census.olderThan(() => NOW, LIMIT))).toEqual(
      [...old, ...young].slice(0, LIMIT).map(entryName),
    );
  });

  it('that stay so keep no others from their turn, neither of their window nor of a later one', async () => {
    const census = await emptyCensus();
    const [lost, later] = [windowOf(1), windowOf(2)];
    const stuck = flagsOf(0, 2 * LIMIT);
    const others = flagsOf(2 * LIMIT, LIMIT + 1);
    census.heard(lost, entryKeys(stuck), FIRST);
    census.heard(later, entryKeys(others), LATER);
    for (let rounds = 0; rounds < 5; rounds++) {
      for (const { record, entry } of census.olderThan(() => NOW, LIMIT)) {
        if (record === later) census.learned(record, entry);
      }
    }
    expect(census.waiting(later, NOW).undecided).toBe(0);
    expect(census.waiting(lost, NOW).undecided).toBe(stuck.length);
    // And they come again: their acceptors may be back.
    const again = new Set<string>();
    for (let rounds = 0; rounds < 3; rounds++) {
      for (const name of namesOf(census.olderThan(() => NOW, LIMIT))) again.add(name);
    }
    expect([...again].sort()).toEqual(stuck.map(entryName).sort());
  });

  it('are passed over by none of those that were learned meanwhile', async () => {
    const census = await emptyCensus();
    const window = windowOf(1);
    const all = flagsOf(0, 3 * LIMIT);
    census.heard(window, entryKeys(all), FIRST);
    const given: string[] = [];
    for (let rounds = 0; rounds < 3; rounds++) {
      const some = census.olderThan(() => NOW, LIMIT);
      given.push(...namesOf(some));
      for (const { record, entry } of some) census.learned(record, entry);
    }
    expect(given).toEqual(all.map(entryName));
  });
});

describe('the readings of a window', () => {
  const PLACE = partition(0);
  const VOTED: FlagRow = {
    ...freshFlag(FIRST),
    accepted: { ballot: BALLOT_ZERO, value: 'TRUE' },
  };

  it('are counted once, also where a vote or a share comes after others have decided the flag', async () => {
    const census = await emptyCensus();
    const window = windowOf(1, 2);
    const [known, other] = [entryKeys(flagsOf(0, 1)), entryKeys(flagsOf(1, 1))];
    const learn = () => census.learned(window, flagsOf(0, 1)[0] ?? expect.unreachable());
    census.heard(window, known, FIRST);
    learn();
    // A hint of it came again, and then the SET that this acceptor had missed.
    census.heard(window, known, LATER);
    census.admit(window, known);
    census.note(window, PLACE, known, undefined, VOTED);
    expect(census.undecided()).toEqual([]);
    census.admit(window, other);
    census.heard(window, other, LATER);
    await expectCode((async () => census.admit(window, entryKeys(flagsOf(2, 1))))(), 'WINDOW_FULL');
    learn();
    census.admit(window, other);
  });
});
