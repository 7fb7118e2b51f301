import { compareRational, formatExactDecimal, parseDecimal, rational } from '../../src/arithmetic/index.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type { StreamDomain, StreamDraft, StreamPayload } from '../../src/protocol/stream-document.ts';
import { SUITE } from '../../src/protocol/stream-document.ts';
import { SENSORS_MIN_DEFAULT } from '../../src/protocol/stream-limits.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import {
  DECIMALS_MAX,
  type FieldSchema,
  momentElements,
  type ReadingSchema,
} from '../../src/sharing/index.ts';
import { AMBIGUITY_BITS, leastSensors } from '../../src/statistics/index.ts';

const DAY_MS = 86_400_000;

/** What a draft that says nothing else gets; --help and README name the same numbers. */
export const STREAM_DEFAULTS = {
  degree: 2,
  graceMs: 0,
  flagTimeoutMs: 60_000,
  minCommittedPercent: 90,
  maxReadings: 1_000_000,
  maxExcluded: 1_000,
  retentionMs: 7 * DAY_MS,
} as const;

/**
 * The payload an operator signs for a draft: nonce, keys and defaults filled in where the draft has none. Rules
 * of a document have their one place where it is opened; here is only what nobody else can check, above all
 * that a result leaves single readings open.
 * @param draft any of its parts may be missing but name and fields; without elements it gets the count and all
 * products of its fields up to degree 2.
 * @throws EngineError `INVALID_ARGUMENT` for a domain that the ring does not have or bounds in the wrong order,
 * `STREAM_REFUSED` with the numbers when readings are not public and minSensors are too few to hide one
 */
export function streamPayload(
  ring: RingDocument,
  draft: StreamDraft,
  randomBytes: RandomBytes,
): StreamPayload {
  const fields = draft.fields.map(fieldOf);
  const elements = draft.elements ?? momentElements(fields, STREAM_DEFAULTS.degree);
  const publicData = draft.publicData ?? false;
  const maxReadings = draft.maxReadings ?? STREAM_DEFAULTS.maxReadings;
  return {
    version: 1,
    suite: SUITE,
    name: draft.name,
    nonce: draft.nonce ?? toHex(randomBytes(16)),
    operatorKey: draft.operatorKey ?? ring.operatorKey,
    fields,
    elements,
    domains: domainsOf(ring, draft),
    window: draft.window ?? { kind: 'manual' },
    graceMs: draft.graceMs ?? STREAM_DEFAULTS.graceMs,
    flagTimeoutMs: draft.flagTimeoutMs ?? STREAM_DEFAULTS.flagTimeoutMs,
    minSensors: sensorsOf({ fields, elements }, draft.minSensors, publicData),
    minCommittedPercent: draft.minCommittedPercent ?? STREAM_DEFAULTS.minCommittedPercent,
    maxReadings,
    maxExcluded: draft.maxExcluded ?? Math.min(STREAM_DEFAULTS.maxExcluded, maxReadings),
    retentionMs: draft.retentionMs ?? STREAM_DEFAULTS.retentionMs,
    countMode: draft.countMode ?? 'single',
    seeds: draft.seeds ?? false,
    publishesCells: draft.publishesCells ?? elements.some(({ kind }) => kind === 'cell'),
    publicData,
    // Who counts as a sensor matters only where readings are worth hiding.
    enrolment: draft.enrolment ?? (publicData ? 'open' : 'required'),
    groups: draft.groups ?? [],
  };
}

/** @throws EngineError `STREAM_REFUSED` before a hostile number of decimals becomes a power of ten */
function fieldOf(field: StreamDraft['fields'][number]): FieldSchema {
  if (field.decimals > DECIMALS_MAX) {
    throw new EngineError(
      'STREAM_REFUSED',
      `field ${field.name}: expected 0 to ${DECIMALS_MAX} decimals, got ${field.decimals}`,
    );
  }
  return { ...field, unit: field.unit ?? '', offset: field.offset ?? middleOf(field) };
}

function domainsOf(ring: RingDocument, draft: StreamDraft): readonly StreamDomain[] {
  const wanted: NonNullable<StreamDraft['domains']> =
    draft.domains ?? ring.domains.map(({ domain }) => ({ id: domain }));
  return wanted.map(({ id, key }) => {
    const section = ring.domains.find(({ domain }) => domain === id);
    if (section !== undefined) return { id: section.domain, key: key ?? section.key };
    const known = ring.domains.map(({ domain }) => domain).join(', ');
    throw new EngineError('INVALID_ARGUMENT', `expected domains of the ring (${known}), got ${id}`);
  });
}

/**
 * The least minSensors of private readings: their sums leave enough open, and no default floor of a domain or a
 * sensor refuses them. Infinite where no number is enough.
 */
export function leastSafeSensors(schema: ReadingSchema): number {
  return Math.max(SENSORS_MIN_DEFAULT, leastSensors(schema));
}

/** @throws EngineError `STREAM_REFUSED` with the numbers */
function sensorsOf(schema: ReadingSchema, given: number | undefined, publicData: boolean): number {
  if (given !== undefined && publicData) return given;
  const least = leastSafeSensors(schema);
  if (!Number.isFinite(least)) {
    throw new EngineError(
      'STREAM_REFUSED',
      'expected sums that leave single readings open, got sums for which no number of sensors is enough or known to be; fewer powers, fewer fields or finer ones leave more, and public data may be given minSensors without',
    );
  }
  if (given === undefined || given >= least) return given ?? least;
  throw new EngineError(
    'STREAM_REFUSED',
    `expected minSensors of at least ${least}, so that a result leaves ${AMBIGUITY_BITS} bits of the readings open, got ${given}`,
    { leastSensors: least, minSensors: given },
  );
}

/**
 * The middle of the bounds, rounded towards zero to the field's decimals: an offset there leaves most capacity.
 * @throws EngineError `INVALID_ARGUMENT` when min is above max, `MALFORMED_TEXT`
 */
export function middleOf({
  min,
  max,
  decimals,
}: {
  readonly min: string;
  readonly max: string;
  readonly decimals: number;
}): string {
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
