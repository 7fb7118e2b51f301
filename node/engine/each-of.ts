import { silence } from './peers.ts';

/**
 * One after the other, also behind one that fails: what waits for a node that is away, for ever it may be, keeps back
 * itself and no other. @throws what the first of those threw
 */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for await (const item of items) {
    await work(item).catch((error: unknown) => {
      silence(error);
      failures.push(error);
    });
  }
  if (failures.length > 0) throw failures[0];
}
