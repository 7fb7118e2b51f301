import { type FieldElement, fieldElement, readDecimal } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { decimalsText, gridInteger } from './grid.ts';
import type { FieldSchema, ReadingSchema } from './reading-schema.ts';
import { type StoredElement, type StoredField, storedSchema } from './stored-schema.ts';

/** A number (taken by its shortest decimal text) or a decimal text; several fields by name. */
export type Reading = number | string | Readonly<Record<string, number | string>>;

/**
 * The reading vector: each element of the schema evaluated at the reading's stored integers
 * (x - offset) * 10^decimals. Nothing is ever rounded: trailing zeros after the point carry no information and
 * are ignored, any other digit beyond the field's decimals is refused. Messages name the field and its rules,
 * never the reading.
 * @throws EngineError `READING_NOT_A_NUMBER`, `READING_TOO_PRECISE`, `READING_OUT_OF_BOUNDS`
 */
export function encodeReading(schema: ReadingSchema, reading: Reading): FieldElement[] {
  const stored = storedSchema(schema);
  const values = readValues(schema, reading).map((value, index) => {
    const field = schema.fields[index];
    const bounds = stored.fields[index];
    // Both lists have one entry per field of the schema.
    if (field === undefined || bounds === undefined) return 0n;
    return storedInteger(field, bounds, value);
  });
  return stored.elements.map((element) => fieldElement(evaluate(element, values)));
}

function readValues(schema: ReadingSchema, reading: unknown): readonly unknown[] {
  const names = schema.fields.map(({ name }) => name);
  if (typeof reading !== 'object' || reading === null) {
    if (names.length === 1) return [reading];
    throw new EngineError('READING_NOT_A_NUMBER', `expected a reading with the fields ${names.join(', ')}`);
  }
  const entries = new Map<string, unknown>(Object.entries(reading));
  if (entries.size !== names.length || !names.every((name) => entries.has(name))) {
    throw new EngineError(
      'READING_NOT_A_NUMBER',
      `expected a reading with exactly the fields ${names.join(', ')}, got ${entries.size} fields`,
    );
  }
  return names.map((name) => entries.get(name));
}

function storedInteger(field: FieldSchema, bounds: StoredField, value: unknown): bigint {
  const decimal =
    typeof value === 'string' || typeof value === 'number' ? readDecimal(String(value)) : undefined;
  if (decimal === undefined) {
    throw new EngineError(
      'READING_NOT_A_NUMBER',
      `field ${field.name}: expected a decimal number such as -12.5`,
    );
  }
  const integer = gridInteger(decimal, field.decimals);
  if (integer === 'too precise') {
    const decimals = -decimal.exponent;
    const came = decimals > field.decimals + PRECISION_SHOWN_MAX ? 'far more' : String(decimals);
    throw new EngineError(
      'READING_TOO_PRECISE',
      `field ${field.name}: expected at most ${decimalsText(field.decimals)}, got ${came}`,
    );
  }
  const stored = integer === 'too large' ? undefined : integer - bounds.offset;
  if (stored === undefined || stored < bounds.min || stored > bounds.max) {
    throw new EngineError(
      'READING_OUT_OF_BOUNDS',
      `field ${field.name}: expected a reading from ${field.min} to ${field.max} ${field.unit}`.trimEnd(),
    );
  }
  return stored;
}

/** Decimals beyond the allowed ones that a message still counts: "1e-300" should not be told by its exponent. */
const PRECISION_SHOWN_MAX = 20;

function evaluate(element: StoredElement, values: readonly bigint[]): bigint {
  switch (element.kind) {
    case 'count':
      return 1n;
    case 'moment': {
      let product = 1n;
      for (const { index, power } of element.factors) {
        const value = values[index] ?? 0n;
        for (let i = 0; i < power; i++) product *= value;
      }
      return product;
    }
    case 'cell': {
      const value = values[element.index] ?? 0n;
      return value >= element.from && value < element.to ? 1n : 0n;
    }
  }
}
