/** Sums of readings with one decimal, exact in doubles: in tenths, below 2^53 for every run of the benchmark. */
export interface PlainSums {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

export function plainSumsOf(values: Iterable<number | string>): PlainSums {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    const tenths = Math.round(Number(value) * 10);
    count += 1;
    sum += tenths;
    squares += tenths * tenths;
  }
  return { count, sum, squares };
}

export function sameSums(found: unknown, expected: PlainSums): boolean {
  return JSON.stringify(found) === JSON.stringify(expected);
}
