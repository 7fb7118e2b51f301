import { ELEMENT_BYTES, encodeElements, writeInteger } from '../arithmetic/index.ts';
import { EngineError, invariant } from '../foundation/index.ts';
import type { Reading } from './encode-reading.ts';
import { encodeReading } from './encode-reading.ts';
import type { ReadingSchema } from './reading-schema.ts';
import type { StoredElement } from './stored-schema.ts';
import { storedSchema } from './stored-schema.ts';

/** Decimal digits that every double counts exactly. */
const PLAIN_DIGITS_MAX = 15;

/**
 * The reading vectors of many readings, encoded one after another. They are those of `encodeReading`; plain
 * decimals whose integers a double counts exactly go without a `bigint` or an object each.
 * @throws EngineError of the first reading that is refused, as `encodeReading` does, its place in `details.index`
 */
export function encodeReadings(schema: ReadingSchema, readings: readonly Reading[]): Uint8Array {
  const plain = plainSchema(schema);
  const vectorBytes = schema.elements.length * ELEMENT_BYTES;
  const bytes = new Uint8Array(readings.length * vectorBytes);
  const values = new Float64Array(schema.fields.length);
  for (let i = 0; i < readings.length; i++) {
    const reading = readings[i];
    const at = i * vectorBytes;
    if (reading !== undefined && plain !== null && readPlain(plain, reading, values)) {
      writeElements(plain.elements, values, bytes, at);
    } else {
      bytes.set(encodedAt(schema, reading, i), at);
    }
  }
  return bytes;
}

function encodedAt(schema: ReadingSchema, reading: Reading | undefined, index: number): Uint8Array {
  invariant(reading !== undefined, 'expected a list of readings without holes');
  try {
    return encodeElements(encodeReading(schema, reading));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `reading ${index}: ${error.message}`, { ...error.details, index });
  }
}

/** A schema whose stored integers and the distances between them are counted exactly by doubles. */
interface PlainSchema {
  readonly fields: readonly {
    readonly name: string;
    readonly decimals: number;
    readonly offset: number;
    readonly min: number;
    readonly max: number;
  }[];
  readonly elements: readonly PlainElement[];
}

type PlainElement =
  | Exclude<StoredElement, { kind: 'cell' }>
  | { readonly kind: 'cell'; readonly index: number; readonly from: number; readonly to: number };

/** Made once for each schema; null where some number of it is too large. */
const known = new WeakMap<ReadingSchema, PlainSchema | null>();

function plainSchema(schema: ReadingSchema): PlainSchema | null {
  let plain = known.get(schema);
  if (plain === undefined) {
    plain = makePlain(schema);
    known.set(schema, plain);
  }
  return plain;
}

function makePlain(schema: ReadingSchema): PlainSchema | null {
  const stored = storedSchema(schema);
  const fits = (value: bigint) =>
    value < 10n ** BigInt(PLAIN_DIGITS_MAX) && value > -(10n ** BigInt(PLAIN_DIGITS_MAX));
  if (!stored.fields.every(({ offset, min, max }) => fits(offset) && fits(min) && fits(max))) return null;
  const elements: PlainElement[] = [];
  for (const element of stored.elements) {
    if (element.kind !== 'cell') {
      elements.push(element);
    } else if (fits(element.from) && fits(element.to)) {
      elements.push({ ...element, from: Number(element.from), to: Number(element.to) });
    } else return null;
  }
  return {
    fields: stored.fields.map(({ name, decimals, offset, min, max }) => {
      return { name, decimals, offset: Number(offset), min: Number(min), max: Number(max) };
    }),
    elements,
  };
}

/** Fills in the stored integers; false where the reading has to be looked at more closely. */
function readPlain({ fields, elements }: PlainSchema, reading: Reading, values: Float64Array): boolean {
  const [first] = fields;
  if (first === undefined) return false;
  if (typeof reading !== 'object') {
    return fields.length === 1 && readField(first, reading, values, 0) && productsFit(elements, values);
  }
  if (reading === null) return false;
  for (const name in reading) if (!fields.some((field) => field.name === name)) return false;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    if (field === undefined || !Object.hasOwn(reading, field.name)) return false;
    const value = reading[field.name];
    if (value === undefined || !readField(field, value, values, i)) return false;
  }
  return productsFit(elements, values);
}

function readField(
  { decimals, offset, min, max }: PlainSchema['fields'][number],
  value: number | string,
  values: Float64Array,
  index: number,
): boolean {
  const integer = plainInteger(String(value), decimals);
  const stored = integer - offset;
  // Not a number is in no bounds.
  if (!(stored >= min && stored <= max)) return false;
  values[index] = stored;
  return true;
}

const ZERO = 48;
const POINT = 46;
const MINUS = 45;

/** The number in units of the last decimal; not a number where the text is no plain decimal of few digits. */
function plainInteger(text: string, decimals: number): number {
  const from = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (text.length - from > PLAIN_DIGITS_MAX) return Number.NaN;
  let integer = 0;
  let digits = 0;
  let point = -1;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      integer = integer * 10 + digit;
      digits += 1;
    } else if (code === POINT && point < 0) point = digits;
    else return Number.NaN;
  }
  const scale = decimals - (point < 0 ? 0 : digits - point);
  if (digits === 0 || scale < 0 || digits + scale > PLAIN_DIGITS_MAX) return Number.NaN;
  for (let i = 0; i < scale; i++) integer *= 10;
  return from === 1 ? -integer : integer;
}

function productsFit(elements: readonly PlainElement[], values: Float64Array): boolean {
  for (const element of elements) {
    if (element.kind === 'moment' && !Number.isSafeInteger(productOf(element.factors, values))) return false;
  }
  return true;
}

/** Exact where it is a safe integer: a product beyond stays beyond, because no factor but zero makes it smaller. */
function productOf(
  factors: readonly { readonly index: number; readonly power: number }[],
  values: Float64Array,
): number {
  let product = 1;
  for (const { index, power } of factors) {
    const value = values[index] ?? 0;
    for (let i = 0; i < power; i++) product *= value;
  }
  return product;
}

function writeElements(
  elements: readonly PlainElement[],
  values: Float64Array,
  bytes: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    if (element === undefined) continue;
    writeInteger(bytes, at + i * ELEMENT_BYTES, elementValue(element, values));
  }
}

function elementValue(element: PlainElement, values: Float64Array): number {
  switch (element.kind) {
    case 'count':
      return 1;
    case 'moment':
      return productOf(element.factors, values);
    case 'cell': {
      const value = values[element.index] ?? 0;
      return value >= element.from && value < element.to ? 1 : 0;
    }
  }
}
