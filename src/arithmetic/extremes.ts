/** The largest of a list that is not empty. The library's own accepts numbers beside bigints and returns either. */
export function largestOf(first: bigint, ...others: readonly bigint[]): bigint {
  let largest = first;
  for (const value of others) if (value > largest) largest = value;
  return largest;
}

/** The smallest of a list that is not empty. */
export function smallestOf(first: bigint, ...others: readonly bigint[]): bigint {
  let smallest = first;
  for (const value of others) if (value < smallest) smallest = value;
  return smallest;
}
