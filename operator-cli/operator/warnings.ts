import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { elementName, storedSchema } from '../../src/sharing/index.ts';
import { readSignedSums, type StoredSums } from '../../src/statistics/index.ts';

/** What a person has to know before a result is used or passed on. The codes are stable. */
export type WarningCode =
  | 'PUBLIC_DATA'
  | 'OPEN_ENROLMENT'
  | 'VARIANCE_ZERO'
  | 'SUM_AT_BOUND'
  | 'CELL_BELOW_MINIMUM';

export interface Warning {
  readonly code: WarningCode;
  /** The field or element it is about; null for the whole stream. */
  readonly subject: string | null;
  readonly text: string;
}

/** What is true of every result of the stream. */
export function streamWarnings(stream: StreamDocument): readonly Warning[] {
  const found: Warning[] = [];
  if (stream.publicData) {
    found.push(
      warning('PUBLIC_DATA', null, 'the stream calls its readings public: nothing was held back to hide one'),
    );
  }
  if (stream.enrolment === 'open') {
    found.push(warning('OPEN_ENROLMENT', null, 'anyone may have uploaded, under any number of sensor ids'));
  }
  return found;
}

/**
 * What the sums tell about single readings although the gate let them pass: no domain can see it beforehand.
 * @param values signed sums of stored integers, one per element of the stream.
 */
export function resultWarnings(stream: StreamDocument, values: readonly bigint[]): readonly Warning[] {
  const stored = storedSchema(stream);
  const sums = readSignedSums(stored, values);
  if (sums.count === 0n) return [];
  return [
    ...stored.fields.flatMap(({ name, min, max }, index) => fieldWarnings(sums, { name, min, max, index })),
    ...cellWarnings(stream, sums),
  ];
}

function fieldWarnings(
  { count, moment }: StoredSums,
  field: { readonly name: string; readonly min: bigint; readonly max: bigint; readonly index: number },
): readonly Warning[] {
  const sum = moment([field.index, 1]);
  const squares = moment([field.index, 2]);
  const found: Warning[] = [];
  if (sum !== undefined && squares !== undefined && count * squares === sum * sum) {
    found.push(
      warning('VARIANCE_ZERO', field.name, 'all readings are the same, so every one of them is known'),
    );
  }
  if (sum !== undefined && (sum === count * field.min || sum === count * field.max)) {
    const bound = sum === count * field.min ? 'smallest' : 'largest';
    found.push(warning('SUM_AT_BOUND', field.name, `every reading is the ${bound} possible one`));
  }
  return found;
}

function cellWarnings(stream: StreamDocument, { values }: StoredSums): readonly Warning[] {
  return stream.elements.flatMap((element, i) => {
    const count = values[i] ?? 0n;
    if (element.kind !== 'cell' || count === 0n || count >= BigInt(stream.minSensors)) return [];
    const text = `fewer than ${stream.minSensors} readings are in it, and whoever knows some of them knows the rest`;
    return [warning('CELL_BELOW_MINIMUM', elementName(element), text)];
  });
}

function warning(code: WarningCode, subject: string | null, text: string): Warning {
  return { code, subject, text };
}
