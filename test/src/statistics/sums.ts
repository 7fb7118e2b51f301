import { addElements, type FieldElement, fieldElement } from '../../../src/arithmetic/index.ts';
import { encodeReading, type Reading, type ReadingSchema } from '../../../src/sharing/index.ts';

/** The sums that honest domains would combine to. */
export function sumsOf(schema: ReadingSchema, readings: readonly Reading[]): FieldElement[] {
  return readings.reduce<FieldElement[]>(
    (sums, reading) => {
      const vector = encodeReading(schema, reading);
      return sums.map((sum, i) => addElements(sum, vector[i]!));
    },
    schema.elements.map(() => fieldElement(0n)),
  );
}
