import { describe, expect, it } from 'vitest';
import { createLookBallots, type LookBallotsComponents } from '../../../node/services/look-ballots.ts';
import type { WindowRecord } from '../../../node/services/windows.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { isPending } from '../../support/pending.ts';

const VALUE = Uint8Array.of(7);

/** Ballots of one node that end when the test says so; the signal that each of them heeds is kept. */
function scene() {
  const clock = createManualClock();
  let epoch = 1;
  const rings = { newest: () => ({ epoch }) } as unknown as LookBallotsComponents['rings'];
  const looks = createLookBallots({ clock, rings });
  const record = {} as WindowRecord;
  const begun: { readonly over: AbortSignal; readonly end: (decided: Uint8Array | null) => void }[] = [];
  const ballots = (over: AbortSignal) =>
    new Promise<Uint8Array | null>((resolve, reject) => {
      over.addEventListener('abort', () => reject(over.reason));
      begun.push({ over, end: resolve });
    });
  const look = (signal?: AbortSignal) => looks.run(record, 'terms', ballots, signal);
  const last = () => begun.at(-1) ?? { over: AbortSignal.abort(), end: () => {} };
  async function lookInVain(): Promise<void> {
    const looking = look();
    last().end(null);
    expect(await looking).toBeNull();
  }
  const takeNextRing = () => {
    epoch += 1;
  };
  return { clock, looks, record, begun, ballots, look, last, lookInVain, takeNextRing };
}

describe('ballots of those who look for a decision', () => {
  it('are the same for all who look at a time, whoever of them hangs up', async () => {
    const { look, begun, last } = scene();
    const hangingUp = new AbortController();
    const [gone, other] = [look(hangingUp.signal), look()];
    hangingUp.abort(new Error('my time is up'));
    await expect(gone).rejects.toThrow('my time is up');
    expect(await isPending(other)).toBe(true);
    expect(begun).toHaveLength(1);
    last().end(VALUE);
    expect(await other).toBe(VALUE);
  });

  it('end with the last who hangs up, and begin again for the next', async () => {
    const { look, begun, last } = scene();
    const [first, second] = [new AbortController(), new AbortController()];
    const gone = [look(first.signal), look(second.signal)].map((one) => one.catch(() => 'gone'));
    first.abort();
    await gone[0];
    expect(last().over.aborted).toBe(false);
    second.abort();
    await gone[1];
    expect(last().over.aborted).toBe(true);
    const next = look();
    expect(begun).toHaveLength(2);
    last().end(VALUE);
    expect(await next).toBe(VALUE);
  });

  it('pause after each in vain, twice as long up to half a minute, for that decision alone', async () => {
    const { clock, looks, ballots, begun, look, record, lookInVain } = scene();
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]) {
      await lookInVain();
      const before = begun.length;
      await clock.advance(pauseMs - 1);
      const paused = look();
      expect(begun).toHaveLength(before);
      expect(await paused).toBeNull();
      await clock.advance(1);
    }
    await lookInVain();
    const before = begun.length;
    void looks.run(record, 'release', ballots);
    void looks.run({} as WindowRecord, 'terms', ballots);
    expect(begun).toHaveLength(before + 2);
  });

  it('do not pause under a ring document that may declare a store lost', async () => {
    const { begun, look, lookInVain, takeNextRing } = scene();
    await lookInVain();
    takeNextRing();
    void look();
    expect(begun).toHaveLength(2);
  });
});
