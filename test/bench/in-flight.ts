/** Runs `one` for 0 to count - 1, `most` at a time, and waits for all of them. */
export async function inFlight(
  count: number,
  most: number,
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(most, count) }, worker));
}
