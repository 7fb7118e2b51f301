import { addElements, type FieldElement, fieldElement } from '../../../src/arithmetic/index.ts';
import { encodeReading, momentElements, type ReadingSchema } from '../../../src/sharing/index.ts';
import { type Moments, momentsOf } from '../../../src/statistics/index.ts';

export type Rows = readonly (readonly string[])[];

/** Fields of two decimals, each with another offset. */
export function schemaOf(names: readonly string[], degree = 2): ReadingSchema {
  const fields = names.map((name, i) => ({
    name,
    unit: '',
    decimals: 2,
    offset: String(i * 3 - 4),
    min: '-100000',
    max: '100000',
  }));
  return { fields, elements: momentElements(fields, degree) };
}

/** The combined elements that domains would add up to. */
export function sumsOf(schema: ReadingSchema, rows: Rows): readonly FieldElement[] {
  const zero: FieldElement[] = schema.elements.map(() => fieldElement(0n));
  return rows
    .map((row) =>
      encodeReading(schema, Object.fromEntries(schema.fields.map(({ name }, i) => [name, row[i] ?? '0']))),
    )
    .reduce((a, b) => a.map((element, i) => addElements(element, b[i] ?? fieldElement(0n))), zero);
}

/** The moments of readings given as rows. */
export function momentsOfRows(names: readonly string[], rows: Rows, degree = 2): Moments {
  const schema = schemaOf(names, degree);
  return momentsOf(schema, sumsOf(schema, rows));
}
