import { readDecimal } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { decimalsText, gridInteger } from './grid.ts';
import {
  type CellElement,
  type ElementSchema,
  elementName,
  type FieldSchema,
  type MomentElement,
  type ReadingSchema,
} from './reading-schema.ts';

/** Decimals of a field: 10^38 is the largest power of ten below p/2, so no finer grid holds even one unit. */
export const DECIMALS_MAX = 38;

/** Power of a field in a moment. Statistics use up to the fourth; the bound keeps a hostile document cheap to check. */
export const POWER_MAX = 16;

/** A field in the integers that are stored: (x - offset) * 10^decimals. */
export interface StoredField {
  readonly name: string;
  readonly decimals: number;
  /** The offset times 10^decimals. */
  readonly offset: bigint;
  /** Stored integer of the smallest allowed reading. */
  readonly min: bigint;
  /** Stored integer of the largest allowed reading. */
  readonly max: bigint;
}

export type StoredElement =
  | { readonly kind: 'count' }
  | {
      readonly kind: 'moment';
      readonly factors: readonly { readonly index: number; readonly power: number }[];
    }
  | { readonly kind: 'cell'; readonly index: number; readonly from: bigint; readonly to: bigint };

/** A schema with its decimal texts read and its names resolved to indexes of `fields`. */
export interface StoredSchema {
  readonly fields: readonly StoredField[];
  readonly elements: readonly StoredElement[];
  /** Index in `fields` by name. */
  readonly fieldIndex: ReadonlyMap<string, number>;
}

/** Reading a schema costs more than encoding a reading, and a sensor encodes many under one schema. */
const known = new WeakMap<ReadingSchema, StoredSchema>();

/**
 * The schema in stored integers, checked.
 * @throws EngineError `STREAM_REFUSED` naming the rule that the schema breaks.
 */
export function storedSchema(schema: ReadingSchema): StoredSchema {
  let stored = known.get(schema);
  if (stored === undefined) {
    stored = readSchema(schema);
    known.set(schema, stored);
  }
  return stored;
}

function readSchema(schema: ReadingSchema): StoredSchema {
  const fieldIndex = new Map<string, number>();
  const fields = schema.fields.map((field, index) => {
    if (fieldIndex.has(field.name)) refuse(`field ${field.name} is declared twice`);
    fieldIndex.set(field.name, index);
    return readField(field);
  });
  if (fields.length === 0) refuse('expected at least one field');
  const indexOf = (name: string): number =>
    fieldIndex.get(name) ?? refuse(`an element names the unknown field ${name}`);
  const names = new Set<string>();
  const elements = schema.elements.map((element, position): StoredElement => {
    if ((element.kind === 'count') !== (position === 0)) {
      refuse('expected the count as the first element and nowhere else');
    }
    const stored = readElement(element, schema.fields, indexOf);
    const name = identity(stored);
    if (names.has(name)) refuse(`element ${elementName(element)} is declared twice`);
    names.add(name);
    return stored;
  });
  if (elements.length === 0) refuse('expected the count as the first element');
  fields.forEach((field, index) => {
    checkCells(field, index, elements);
  });
  return { fields, elements, fieldIndex };
}

function readField(field: FieldSchema): StoredField {
  const { name, decimals } = field;
  if (!Number.isSafeInteger(decimals) || decimals < 0 || decimals > DECIMALS_MAX) {
    refuse(`field ${name}: expected 0 to ${DECIMALS_MAX} decimals`);
  }
  const offset = onGrid(field, field.offset, 'offset');
  const min = onGrid(field, field.min, 'min') - offset;
  const max = onGrid(field, field.max, 'max') - offset;
  if (min > max) refuse(`field ${name}: expected min to be at most max`);
  return { name, decimals, offset, min, max };
}

function readElement(
  element: ElementSchema,
  fields: readonly FieldSchema[],
  indexOf: (name: string) => number,
): StoredElement {
  switch (element.kind) {
    case 'count':
      return { kind: 'count' };
    case 'moment':
      return readMoment(element, indexOf);
    case 'cell':
      return readCell(element, fields, indexOf);
  }
}

function readMoment(element: MomentElement, indexOf: (name: string) => number): StoredElement {
  if (element.factors.length === 0) refuse('expected a moment to have at least one factor');
  const factors = element.factors.map(({ field, power }) => {
    if (!Number.isSafeInteger(power) || power < 1 || power > POWER_MAX) {
      refuse(`element ${elementName(element)}: expected powers from 1 to ${POWER_MAX}`);
    }
    return { index: indexOf(field), power };
  });
  if (new Set(factors.map(({ index }) => index)).size !== factors.length) {
    refuse(`element ${elementName(element)}: expected each field once`);
  }
  return { kind: 'moment', factors };
}

function readCell(
  element: CellElement,
  fields: readonly FieldSchema[],
  indexOf: (name: string) => number,
): StoredElement {
  const index = indexOf(element.field);
  const field = fields[index] ?? refuse('a cell names an unknown field');
  const offset = onGrid(field, field.offset, 'offset');
  const from = onGrid(field, element.from, 'from') - offset;
  const to = onGrid(field, element.to, 'to') - offset;
  if (from >= to) refuse(`${elementName(element)}: expected from to be below to`);
  return { kind: 'cell', index, from, to };
}

/** Cells with a gap or an overlap would not add to the count, and the check of their sum would mean nothing. */
function checkCells(field: StoredField, index: number, elements: readonly StoredElement[]): void {
  const cells = elements.filter((element) => element.kind === 'cell').filter((cell) => cell.index === index);
  if (cells.length === 0) return;
  cells.sort((a, b) => (a.from < b.from ? -1 : 1));
  let end = cells[0]?.from ?? 0n;
  if (end > field.min) refuse(`field ${field.name}: expected its cells to begin at or below min`);
  for (const { from, to } of cells) {
    if (from !== end)
      refuse(`field ${field.name}: expected its cells to follow each other without gap or overlap`);
    end = to;
  }
  if (end <= field.max) refuse(`field ${field.name}: expected its cells to end above max`);
}

function onGrid(field: FieldSchema, text: string, what: string): bigint {
  const decimal = readDecimal(text);
  const integer = decimal && gridInteger(decimal, field.decimals);
  if (typeof integer !== 'bigint') {
    refuse(
      `field ${field.name}: expected ${what} as a decimal text with at most ${decimalsText(field.decimals)}`,
    );
  }
  return integer;
}

/** Two elements with one identity would share the same number twice. */
function identity(element: StoredElement): string {
  if (element.kind === 'count') return 'count';
  if (element.kind === 'cell') return `cell ${element.index} ${element.from} ${element.to}`;
  const sorted = element.factors.toSorted((a, b) => a.index - b.index);
  return `moment ${sorted.map(({ index, power }) => `${index}^${power}`).join(' ')}`;
}

function refuse(rule: string): never {
  throw new EngineError('STREAM_REFUSED', rule);
}
