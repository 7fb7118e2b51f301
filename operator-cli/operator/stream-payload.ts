import { compareRational, formatExactDecimal, parseDecimal, rational } from '../../src/arithmetic/index.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { SUITE } from '../../src/protocol/stream-document.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { momentElements, type ReadingSchema } from '../../src/sharing/index.ts';
import { leastSensors } from '../../src/statistics/index.ts';

/** A stream of one numeric field, as a person defines it. */
export interface StreamTerms {
  readonly name: string;
  readonly field: string;
  readonly unit: string;
  readonly decimals: number;
  readonly min: string;
  readonly max: string;
  /** Public value subtracted before sharing; without it the middle of min and max, which leaves most capacity. */
  readonly offset?: string;
  /** Highest power that is shared: 2 for variances. */
  readonly degree: number;
  /** Ids of the domains in the order of the shares; without it all of the ring. */
  readonly domains?: readonly string[];
  /** Without it the least number whose sums leave enough ambiguity. */
  readonly minSensors?: number;
  readonly minCommittedPercent: number;
  readonly maxReadings: number;
  readonly maxExcluded: number;
  readonly flagTimeoutMs: number;
  readonly graceMs: number;
  readonly retentionMs: number;
  readonly publicData: boolean;
}

/**
 * The payload an operator signs for the terms. Only what needs the ring is checked here; every other rule has
 * its one place where the document is opened.
 * @throws EngineError `INVALID_ARGUMENT` for a domain that the ring does not have or bounds in the wrong order,
 * `STREAM_REFUSED` when no number of sensors is safe and none is given
 */
export function streamPayload(
  ring: RingDocument,
  terms: StreamTerms,
  randomBytes: RandomBytes,
): StreamPayload {
  const known = new Map<string, RingDocument['domains'][number]>(
    ring.domains.map((section) => [section.domain, section]),
  );
  const domains = (terms.domains ?? [...known.keys()]).map((id) => {
    const section = known.get(id);
    if (section !== undefined) return { id: section.domain, key: section.key };
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected domains of the ring (${[...known.keys()].join(', ')}), got ${id}`,
    );
  });
  const { name, field, unit, decimals, min, max } = terms;
  const schema = {
    fields: [{ name: field, unit, decimals, offset: terms.offset ?? middleOf(terms), min, max }],
    elements: momentElements([{ name: field }], terms.degree),
  };
  return {
    version: 1,
    suite: SUITE,
    name,
    nonce: toHex(randomBytes(16)),
    operatorKey: ring.operatorKey,
    ...schema,
    domains,
    window: { kind: 'manual' },
    graceMs: terms.graceMs,
    flagTimeoutMs: terms.flagTimeoutMs,
    minSensors: terms.minSensors ?? safeSensors(schema),
    minCommittedPercent: terms.minCommittedPercent,
    maxReadings: terms.maxReadings,
    maxExcluded: terms.maxExcluded,
    retentionMs: terms.retentionMs,
    countMode: 'single',
    seeds: false,
    publishesCells: false,
    publicData: terms.publicData,
    enrolment: 'open',
    groups: [],
  };
}

/** @throws EngineError `STREAM_REFUSED` for readings that no number of sensors hides: a yes/no sum is its multiset */
function safeSensors(schema: ReadingSchema): number {
  const least = leastSensors(schema);
  if (Number.isFinite(least)) return least;
  throw new EngineError(
    'STREAM_REFUSED',
    'expected a field whose sums leave single readings open, got one where no number of sensors is enough; with public data set min-sensors',
  );
}

/**
 * The middle of the bounds, rounded towards zero to the field's decimals.
 * @throws EngineError `INVALID_ARGUMENT` when min is above max, `MALFORMED_TEXT`
 */
export function middleOf({ min, max, decimals }: Pick<StreamTerms, 'min' | 'max' | 'decimals'>): string {
  const [low, high] = [parseDecimal(min), parseDecimal(max)];
  if (compareRational(low, high) > 0) {
    throw new EngineError('INVALID_ARGUMENT', `expected min to be at most max, got ${min} and ${max}`);
  }
  const scale = 10n ** BigInt(decimals);
  const numerator = (low.numerator * high.denominator + high.numerator * low.denominator) * scale;
  const denominator = 2n * low.denominator * high.denominator;
  // BigInt division rounds towards zero; the offset only has to be near, and on the grid.
  return formatExactDecimal(rational(numerator / denominator, scale));
}
