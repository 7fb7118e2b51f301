import { BALANCED_MAX, largestOf } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { elementName, type ReadingSchema, type StoredSchema, storedSchema } from '../sharing/index.ts';

export interface ElementCapacity {
  readonly element: string;
  /** The largest absolute sum of `maxReadings` well-formed readings, in stored integers. */
  readonly largestSum: bigint;
}

export interface CapacityReport {
  readonly maxReadings: number;
  /** The largest absolute sum that can be read back: (p - 1) / 2. */
  readonly limit: bigint;
  readonly elements: readonly ElementCapacity[];
  /** The largest maxReadings under which every element would still fit. */
  readonly maxReadingsLimit: bigint;
}

/**
 * Holds every element's largest possible sum against half the field. A sum beyond it would come back as another
 * number of the same residue, and no later check could tell.
 * @throws EngineError `CAPACITY_EXCEEDED` with the numbers, `STREAM_REFUSED` when the schema breaks a rule.
 */
export function checkCapacity(schema: ReadingSchema, maxReadings: number): CapacityReport {
  if (!Number.isSafeInteger(maxReadings) || maxReadings < 1) {
    throw new EngineError('STREAM_REFUSED', 'expected maxReadings to be a positive integer');
  }
  const stored = storedSchema(schema);
  const perReading = stored.elements.map((element) => largestValue(stored, element));
  const largest = largestOf(1n, ...perReading);
  const maxReadingsLimit = BALANCED_MAX / largest;
  const elements = schema.elements.map((element, i) => ({
    element: elementName(element),
    largestSum: (perReading[i] ?? 0n) * BigInt(maxReadings),
  }));
  for (const { element, largestSum } of elements) {
    if (largestSum <= BALANCED_MAX) continue;
    throw new EngineError(
      'CAPACITY_EXCEEDED',
      `element ${element}: ${maxReadings} readings could sum to ${largestSum}, expected at most ${BALANCED_MAX}; ` +
        `the stream fits with at most ${maxReadingsLimit} readings`,
      {
        element,
        largestSum: largestSum.toString(),
        limit: BALANCED_MAX.toString(),
        maxReadingsLimit: maxReadingsLimit.toString(),
      },
    );
  }
  return { maxReadings, limit: BALANCED_MAX, elements, maxReadingsLimit };
}

function largestValue({ fields }: StoredSchema, element: StoredSchema['elements'][number]): bigint {
  if (element.kind !== 'moment') return 1n;
  let product = 1n;
  for (const { index, power } of element.factors) {
    const field = fields[index] ?? { min: 0n, max: 0n };
    product *= largestOf(-field.min, field.max) ** BigInt(power);
  }
  return product;
}
