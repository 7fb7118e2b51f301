import { expect, test } from 'vitest';
import { CARE_EVERY_MS, type CaretakerComponents, runCaretaker } from '../../../node/services/caretaker.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const SELF = 'a1';

/** A caretaker whose every step succeeds at once, but for a seal that never ends. */
function hangingScene() {
  const clock = createManualClock();
  const erased: number[] = [];
  const done = { run: async () => {} };
  const overdue = { scope: {}, stream: { domains: [] }, settlement: null, terms: { value: { latest: 0 } } };
  let seals = 0;
  const components = {
    census: { olderThan: () => [] },
    decisions: {},
    erasing: { run: async () => void erased.push(clock.now()) },
    exchange: done,
    missed: done,
    opening: done,
    repair: done,
    retirements: done,
    rosterSpread: done,
    spread: done,
    votedReleases: done,
    windows: { all: () => [overdue] },
    settling: {
      settle: () => {
        seals += 1;
        return new Promise<void>(() => {});
      },
    },
    rings: { of: () => ({ placement: { registerAcceptors: () => [SELF] } }) },
    self: { nodeId: SELF },
    clock,
    randomBytes: (length: number) => new Uint8Array(length),
    log: { debug: () => {} },
  } as unknown as CaretakerComponents;
  return { clock, components, erased, seals: () => seals };
}

test('a seal that waits for a node that hangs keeps nothing else waiting', async () => {
  const { clock, components, erased, seals } = hangingScene();
  const ending = new AbortController();
  void runCaretaker(components, ending.signal);
  for (let rounds = 0; rounds < 5; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(seals()).toBe(1);
  expect(erased.length).toBeGreaterThanOrEqual(5);
});
