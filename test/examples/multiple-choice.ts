import { type CellElement, momentElements, type ReadingSchema } from 'm-cloud/sharing';
import {
  describe,
  histogramsOf,
  independence,
  jointCategory,
  medianBounds,
  momentsOfSums,
  twoWayTable,
} from 'm-cloud/statistics';

/** Answers to the question that is looked at: a to d, or none. */
const ANSWERS = 5;
const CLASSES = 2;

/**
 * What a pupil's device uploads: the points, and class and answer as one code. The code's cells are a two-way table;
 * with two fields of cells nobody could tell which class gave which answer.
 */
export function testSchema(): ReadingSchema {
  const points = { name: 'points', unit: '', decimals: 1, offset: '10', min: '0', max: '20' };
  const codes = CLASSES * ANSWERS;
  const code = {
    name: 'class and answer',
    unit: '',
    decimals: 0,
    offset: '0',
    min: '0',
    max: String(codes - 1),
  };
  const cellsOf = (field: string, edges: readonly number[]) =>
    edges
      .slice(1)
      .map((to, i): CellElement => ({ kind: 'cell', field, from: String(edges[i]), to: String(to) }));
  return {
    fields: [points, code],
    elements: [
      ...momentElements([points], 4),
      ...cellsOf('points', [0, 5, 10, 15, 21]),
      ...cellsOf(
        'class and answer',
        Array.from({ length: codes + 1 }, (_, i) => i),
      ),
    ],
  };
}

/** One pupil's reading. */
export function testReading(points: string, schoolClass: number, answer: number) {
  return { points, 'class and answer': String(jointCategory(schoolClass, answer, ANSWERS)) };
}

export function testResult(sums: readonly bigint[]) {
  const schema = testSchema();
  const [points, codes] = histogramsOf(schema, sums);
  if (points === undefined || codes === undefined) throw new Error('expected the cells of both fields');
  const table = twoWayTable(codes, ANSWERS);
  return {
    points: describe(momentsOfSums(schema, sums), 'points', { numerator: 19n, denominator: 20n }),
    // Between two values: the cells say how many pupils had 10 to 14.9 points, not which points.
    median: medianBounds(points),
    answers: table,
    // Did both classes answer alike, but for chance?
    classes: independence(table),
  };
}
