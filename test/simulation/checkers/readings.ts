/**
 * What a sensor's program was told about one reading. `committed` and `errored` are outcomes; `refused` means
 * that SET was never sent; `unknown`, and what a dead sensor never learned, may be in a result or out of it.
 */
export type Fate = 'under way' | 'committed' | 'errored' | 'refused' | 'unknown';

export interface ReadingRecord {
  readonly exponent: number;
  readonly fate: Fate;
  /** Whose it is, by the sensor's number. */
  readonly sensor: number;
  /** Window the reading was sent to, where the program knows. */
  readonly window: number | null;
  /** Names the flag that it shares with others, which are the same sum; absent where it has one of its own. */
  readonly sum?: string;
}

/** What one COMPUTE said about a window, in the words the checks need. */
export interface ComputedWindow {
  readonly window: number;
  /** Not told at all: nothing else of it says anything then. */
  readonly withheld?: boolean;
  readonly readings: number;
  readonly committed: number;
  readonly excluded: number;
  readonly sum: bigint;
  /** The whole answer as text; a repetition must give the same. */
  readonly text: string;
}

/**
 * EXACT: every digit of a sum in base 4 is a reading, there once or not at all.
 * @param lost how many readings of the window some domain has lost its share of.
 */
export function checkResult(result: ComputedWindow, lost = 0): string[] {
  const violations: string[] = [];
  const digits = digitsOf(result.sum);
  digits.forEach((digit, exponent) => {
    if (digit > 1) violations.push(`EXACT: window ${result.window} has reading ${exponent} ${digit} times`);
  });
  const ones = digits.filter((digit) => digit === 1).length;
  if (violations.length === 0 && ones !== result.readings) {
    violations.push(`EXACT: window ${result.window} counts ${result.readings} readings and sums ${ones}`);
  }
  if (result.readings + result.excluded !== result.committed) {
    const { window, committed, excluded } = result;
    violations.push(
      `EXACT: window ${window} excludes ${excluded} of ${committed} and counts ${result.readings}`,
    );
  }
  if (result.sum < 0n) violations.push(`EXACT: window ${result.window} has a negative sum`);
  if (result.excluded > lost) {
    violations.push(
      `EXACT: window ${result.window} excludes ${result.excluded} committed readings, and disks lost ${lost}`,
    );
  }
  return violations;
}

/**
 * EXACT and ONE-OUTCOME over all windows: the final results against what sensors were told.
 * @param mayLack windows that need no result, because of storage faults or because they are erased; one they have
 * must be exact all the same.
 */
export function checkReadings(
  readings: readonly ReadingRecord[],
  results: ReadonlyMap<number, ComputedWindow>,
  mayLack: (window: number) => boolean = () => false,
): string[] {
  const violations: string[] = [];
  const windowsOf = new Map<number, number[]>();
  for (const [window, { sum }] of results) {
    digitsOf(sum).forEach((digit, exponent) => {
      if (digit > 0) windowsOf.set(exponent, [...(windowsOf.get(exponent) ?? []), window]);
    });
  }
  const leftOut = new Map<number, number>();
  /** Counts one more; a result names how many it leaves out. */
  const mayBeLeftOut = (window: number | null): boolean => {
    if (window === null) return false;
    leftOut.set(window, (leftOut.get(window) ?? 0) + 1);
    return (leftOut.get(window) ?? 0) <= (results.get(window)?.excluded ?? 0);
  };
  const known = new Map(readings.map((reading) => [reading.exponent, reading]));
  for (const [exponent, windows] of windowsOf) {
    if (!known.has(exponent)) violations.push(`EXACT: reading ${exponent} was never uploaded`);
    if (windows.length > 1) violations.push(`EXACT: reading ${exponent} is in windows ${windows.join(', ')}`);
  }
  for (const { exponent, fate, window } of readings) {
    const found = windowsOf.get(exponent) ?? [];
    if (fate === 'committed') {
      const waits =
        window !== null &&
        (results.get(window)?.withheld === true || (mayLack(window) && !results.has(window)));
      if (found.length === 0 && !waits && !mayBeLeftOut(window)) {
        violations.push(`EXACT: committed reading ${exponent} is in no result`);
      }
      if (window !== null && found.length > 0 && !found.includes(window)) {
        violations.push(`EXACT: reading ${exponent} of window ${window} is in window ${found.join(', ')}`);
      }
    }
    if ((fate === 'errored' || fate === 'refused') && found.length > 0) {
      violations.push(`EXACT: reading ${exponent} was ${fate} and is in window ${found.join(', ')}`);
    }
  }
  return violations;
}

/**
 * ONE-OUTCOME also where no sum is told: how many flags each window's settlement has, against what sensors were told.
 * @param settled by window; a reading is one flag of it, and so are those of one sum.
 */
export function checkSettled(
  readings: readonly ReadingRecord[],
  settled: ReadonlyMap<number, number>,
): string[] {
  return [...settled].flatMap(([window, flags]) => {
    const own = readings.filter((reading) => reading.window === window);
    const flagsOf = (has: (fate: Fate) => boolean) =>
      new Set(own.flatMap(({ fate, exponent, sum = `${exponent}` }) => (has(fate) ? [sum] : []))).size;
    const least = flagsOf((fate) => fate === 'committed');
    const most = flagsOf((fate) => fate !== 'errored' && fate !== 'refused');
    if (flags >= least && flags <= most) return [];
    return [
      `ONE-OUTCOME: ${flags} flags of window ${window} are settled as TRUE, and sensors know of ${least} to ${most}`,
    ];
  });
}

/** The digits of a sum in base 4, the one of 4^0 first. */
export function digitsOf(sum: bigint): number[] {
  const digits: number[] = [];
  for (let rest = sum; rest > 0n; rest >>= 2n) digits.push(Number(rest & 3n));
  return digits;
}
