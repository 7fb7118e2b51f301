import { SPLITS_MAX } from '../../sensor-client/limits.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { digitsOf } from '../simulation/checkers/readings.ts';
import { streamPayload } from '../support/development-stream.ts';

/** Readings that name themselves: one of field f at place i is 4^i, so each is a digit of its own in a sum. */
const PLACES = 60;
const FIELDS = ['a', 'b'] as const;
/** Readings of one window. */
export const READINGS_PER_WINDOW = PLACES * FIELDS.length;

/** What a sensor's program was told about its reading. `unknown` may be in the result or out of it. */
export type Fate = 'committed' | 'errored' | 'refused' | 'unknown';

export interface ReadingRecord {
  /** Number of the reading in its window, from 0. */
  readonly index: number;
  readonly fate: Fate;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Where the outcome is not known yet. */
  readonly flagKey: string | null;
  /** Why it was not committed. */
  readonly code: string | null;
}

/** The stream of such readings over all domains of the ring: sums only, of which every digit is checked. */
export function selfNamingStream(ring: RingDocument, nonce: string, flagTimeoutMs: number): StreamPayload {
  const max = (4n ** BigInt(PLACES - 1)).toString();
  return {
    ...streamPayload(ring),
    name: 'self-naming',
    nonce,
    fields: FIELDS.map((name) => ({ name, unit: '', decimals: 0, offset: '0', min: '0', max })),
    elements: [
      { kind: 'count' },
      ...FIELDS.map((field) => ({ kind: 'moment' as const, factors: [{ field, power: 1 }] })),
    ],
    flagTimeoutMs,
    // What no fault may do is lose a committed row, so nothing is ever excluded.
    maxExcluded: 0,
    minCommittedPercent: 1,
    // A reading whose id was given up, because too few acceptors of its partition were there, counts more than once.
    maxReadings: SPLITS_MAX * READINGS_PER_WINDOW,
  };
}

export function readingAt(index: number): Record<string, string> {
  const value = (4n ** BigInt(index % PLACES)).toString();
  const field = Math.floor(index / PLACES);
  return Object.fromEntries(FIELDS.map((name, place) => [name, place === field ? value : '0']));
}

/**
 * How often each reading of a window is in the sums of its fields, by index; null where a sum has a digit that
 * belongs to no reading.
 */
export function timesAdded(sums: readonly bigint[]): readonly number[] | null {
  const digits = sums.map(digitsOf);
  if (digits.some(({ length }) => length > PLACES)) return null;
  return digits.flatMap((ofField) => Array.from({ length: PLACES }, (_, place) => ofField[place] ?? 0));
}
