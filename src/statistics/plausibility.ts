import { type FieldElement, largestOf, smallestOf } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { elementName, type ReadingSchema, type StoredSchema, storedSchema } from '../sharing/index.ts';
import { eliminate } from './elimination.ts';
import { readSums, type StoredSums } from './stored-sums.ts';

/** The checks in their order; an error names one of them in `details.check`. */
export type PlausibilityCheck = 'count' | 'bounds' | 'variance' | 'covariance' | 'cell bounds' | 'cell total';

/**
 * Refuses sums that no set of well-formed readings can have. A share that was lost, doubled or replaced leaves a
 * uniform error in the field, which passes with probability far below 2^-60; a small deliberate one may pass.
 * The message names the check and never a sum.
 * @param readings how many readings the domains say they added. Give it wherever it is known: a count that is
 * only too large contradicts nothing else where readings of zero are allowed.
 * @throws EngineError `IMPOSSIBLE_AGGREGATE`, `WRONG_VECTOR_LENGTH`
 */
export function checkPlausible(
  schema: ReadingSchema,
  sums: readonly FieldElement[],
  readings?: number,
): void {
  const stored = storedSchema(schema);
  const read = readSums(stored, sums);
  if (read.count < 0n) fail('count', 'count', 'expected a count that is not negative');
  if (readings !== undefined && read.count !== BigInt(readings)) {
    fail('count', 'count', 'expected the shared count to be the number of readings that the domains added');
  }
  checkBounds(schema, stored, read);
  checkVariances(stored, read);
  checkCovariances(stored, read);
  checkCellTotals(stored, read);
}

function checkBounds(schema: ReadingSchema, stored: StoredSchema, { count, values }: StoredSums): void {
  stored.elements.forEach((element, i) => {
    const [low, high] = valueRange(stored, element);
    const sum = values[i] ?? 0n;
    if (sum >= count * low && sum <= count * high) return;
    const declared = schema.elements[i];
    const name = declared === undefined ? String(i) : elementName(declared);
    const check = element.kind === 'cell' ? 'cell bounds' : 'bounds';
    fail(check, name, 'expected the sum to lie between count times the smallest and the largest value');
  });
}

/** Smallest and largest value of an element over all well-formed readings. */
function valueRange(
  { fields }: StoredSchema,
  element: StoredSchema['elements'][number],
): readonly [bigint, bigint] {
  if (element.kind === 'count') return [1n, 1n];
  if (element.kind === 'cell') return [0n, 1n];
  let range: readonly [bigint, bigint] = [1n, 1n];
  for (const { index, power } of element.factors) {
    const field = fields[index] ?? { min: 0n, max: 0n };
    const low = field.min ** BigInt(power);
    const high = field.max ** BigInt(power);
    // An even power is smallest at zero, not at an end, when the bounds have different signs.
    const bottom = power % 2 === 0 && field.min < 0n && field.max > 0n ? 0n : low;
    const [a, b] = range;
    const products = [low * a, low * b, high * a, high * b, bottom * a] as const;
    range = [smallestOf(...products), largestOf(...products)];
  }
  return range;
}

function checkVariances({ fields }: StoredSchema, sums: StoredSums): void {
  fields.forEach(({ name }, index) => {
    const variance = scatter(sums, index, index);
    if (variance !== undefined && variance < 0n) {
      fail('variance', name, 'expected count * sum(x^2) to be at least sum(x)^2');
    }
  });
}

/** The whole matrix where every product is shared, otherwise each pair of fields that has its product. */
function checkCovariances({ fields }: StoredSchema, sums: StoredSums): void {
  const squared = fields
    .map(({ name }, index) => ({ name, index }))
    .filter(({ index }) => scatter(sums, index, index) !== undefined);
  const groups = matrixOf(sums, squared) === undefined ? pairsOf(squared) : [squared];
  for (const group of groups) {
    const matrix = matrixOf(sums, group);
    if (matrix !== undefined && !eliminate(matrix).semidefinite) {
      const names = group.map(({ name }) => name).join(', ');
      fail('covariance', names, 'expected the covariance matrix to be positive semidefinite');
    }
  }
}

interface NamedIndex {
  readonly name: string;
  readonly index: number;
}

function pairsOf(fields: readonly NamedIndex[]): NamedIndex[][] {
  return fields.flatMap((a, i) => fields.slice(i + 1).map((b) => [a, b]));
}

function matrixOf(sums: StoredSums, fields: readonly NamedIndex[]): bigint[][] | undefined {
  const matrix: bigint[][] = [];
  for (const a of fields) {
    const row: bigint[] = [];
    for (const b of fields) {
      const entry = scatter(sums, a.index, b.index);
      if (entry === undefined) return undefined;
      row.push(entry);
    }
    matrix.push(row);
  }
  return matrix;
}

/** count * sum(x y) - sum(x) sum(y): count^2 times the covariance, an integer. */
function scatter(sums: StoredSums, x: number, y: number): bigint | undefined {
  const product = x === y ? sums.moment([x, 2]) : sums.moment([x, 1], [y, 1]);
  const sumX = sums.moment([x, 1]);
  const sumY = sums.moment([y, 1]);
  if (product === undefined || sumX === undefined || sumY === undefined) return undefined;
  return sums.count * product - sumX * sumY;
}

function checkCellTotals({ fields, elements }: StoredSchema, { count, values }: StoredSums): void {
  fields.forEach(({ name }, index) => {
    let cells = 0;
    let total = 0n;
    elements.forEach((element, i) => {
      if (element.kind !== 'cell' || element.index !== index) return;
      cells++;
      total += values[i] ?? 0n;
    });
    if (cells > 0 && total !== count) fail('cell total', name, 'expected the cells to add to the count');
  });
}

function fail(check: PlausibilityCheck, subject: string, expected: string): never {
  throw new EngineError('IMPOSSIBLE_AGGREGATE', `check "${check}" of ${subject}: ${expected}`, {
    check,
    subject,
  });
}
