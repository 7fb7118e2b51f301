import { benchReadings } from '../bench-readings.ts';
import type { Sample } from '../comparison.ts';
import { exactly } from '../comparison.ts';
import type { PlainEndpoint } from './plain-client.ts';

export interface ConnectionTrials {
  /** Numbers of connections to try. */
  readonly numbers: readonly number[];
  /** Of each number in one turn. */
  readonly readings: number;
  readonly turns: number;
  /** Readings under way, whatever the connections. */
  readonly inFlight: number;
}

export interface BestConnections {
  readonly best: number;
  readonly tried: readonly number[];
}

/**
 * Over how many connections a server takes most readings a second: the numbers take turns, and of each its best turn counts,
 * since the first one opens the connections.
 * @throws InexactSumError where the sums of a turn are not exact
 */
export async function bestConnections(
  server: Pick<PlainEndpoint, 'upload'>,
  { numbers, readings, turns, inFlight }: ConnectionTrials,
): Promise<BestConnections> {
  const texts = benchReadings(readings);
  const rates = new Map<number, number>();
  for (let turn = 0; turn < turns; turn++) {
    for (const connections of numbers) {
      const run = (): Promise<Sample> => server.upload(texts, inFlight, connections);
      const { amount } = await exactly('connections', `${connections} connections`, run);
      rates.set(connections, Math.max(amount, rates.get(connections) ?? 0));
    }
  }
  const [fastest] = [...rates].toSorted(([, a], [, b]) => b - a);
  if (fastest === undefined) throw new Error('expected numbers of connections to try');
  return { best: fastest[0], tried: numbers };
}

/** What a row says of the trials. */
export function trialNote({ best, tried }: BestConnections): string {
  return `the plain endpoint over ${best} connections, the fastest of ${tried.join(', ')}`;
}
