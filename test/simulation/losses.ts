import type { FlagEntry } from '../../src/protocol/index.ts';
import { entryName } from '../../src/protocol/index.ts';
import type { DomainId } from '../../src/ring/index.ts';

/** A share of which, at some moment, no disk of its domain had a row that opens. */
export interface Loss {
  readonly entry: FlagEntry;
  readonly domain: DomainId;
  /** Of the latest such moment; simulated Unix milliseconds. */
  readonly atMs: number;
}

/** What storage faults have taken from whole domains. A copy that was on its way may bring a share back. */
export interface Losses {
  note(window: number, loss: Loss): void;
  /** Of how many readings of a window some domain has lost its share. */
  readings(window: number): number;
  /** The shares of a window, by its place in the plan, that domains have lost. */
  of(window: number): readonly Loss[];
  has(window: number, entry: FlagEntry): boolean;
  /** Somebody has voted for what the window's settlement is to be; from now on some domain may call its rows there. */
  settling(window: number, now: number): void;
  /** Since when; simulated Unix milliseconds, undefined where nobody has. */
  settlingSince(window: number): number | undefined;
}

export function createLosses(): Losses {
  const byWindow = new Map<number, Map<string, Loss>>();
  const since = new Map<number, number>();
  const readingsOf = (window: number): ReadonlySet<string> =>
    new Set([...(byWindow.get(window)?.values() ?? [])].map(({ entry }) => entryName(entry)));
  return {
    note(window, loss) {
      const lost = byWindow.get(window) ?? new Map<string, Loss>();
      byWindow.set(window, lost);
      // Two domains may lose their shares of one reading, and one of them get its own back.
      lost.set(`${loss.domain}/${entryName(loss.entry)}`, loss);
    },
    of: (window) => [...(byWindow.get(window)?.values() ?? [])],
    has: (window, entry) => readingsOf(window).has(entryName(entry)),
    readings: (window) => readingsOf(window).size,
    settling(window, now) {
      if (!since.has(window)) since.set(window, now);
    },
    settlingSince: (window) => since.get(window),
  };
}
