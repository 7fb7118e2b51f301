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
  /** Of how many readings that name a digit of a window's sum some domain has lost its share. */
  readings(window: number): number;
  /** The shares of a window, by its place in the plan, that domains have lost. */
  of(window: number): readonly Loss[];
  has(window: number, entry: FlagEntry): boolean;
  /** Somebody has voted for what the window's settlement is to be; from now on some domain may call its rows there. */
  settling(window: number, now: number): void;
  /** Since when; simulated Unix milliseconds, undefined where nobody has. */
  settlingSince(window: number): number | undefined;
}

/** @param size readings of a flag's count for each that names a digit. */
export function createLosses(size: number): Losses {
  const byWindow = new Map<number, Map<string, Loss>>();
  const since = new Map<number, number>();
  const flagsOf = (window: number): ReadonlyMap<string, FlagEntry> =>
    new Map([...(byWindow.get(window)?.values() ?? [])].map(({ entry }) => [entryName(entry), entry]));
  return {
    note(window, loss) {
      const lost = byWindow.get(window) ?? new Map<string, Loss>();
      byWindow.set(window, lost);
      // Two domains may lose their shares of one reading, and one of them get its own back.
      lost.set(`${loss.domain}/${entryName(loss.entry)}`, loss);
    },
    of: (window) => [...(byWindow.get(window)?.values() ?? [])],
    has: (window, entry) => flagsOf(window).has(entryName(entry)),
    readings: (window) => [...flagsOf(window).values()].reduce((sum, { count }) => sum + count / size, 0),
    settling(window, now) {
      if (!since.has(window)) since.set(window, now);
    },
    settlingSince: (window) => since.get(window),
  };
}
