import { balanced, ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { ReleasedRow } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { readingsThatFit } from '../../src/protocol/stream-rules.ts';
import type { DomainId, StreamHash, WindowId } from '../../src/ring/index.ts';
import type { FieldSchema } from '../../src/sharing/index.ts';
import { combine } from '../../src/sharing/index.ts';
import type { Univariate } from '../../src/statistics/index.ts';
import { checkPlausible, momentsOfSums, univariate } from '../../src/statistics/index.ts';
import { resultWarnings, type Warning } from './warnings.ts';

/** Sums over readings, and the statistics read off them; they can be added to those of other readings. */
export interface Sums {
  readonly readings: number;
  readonly committed: number;
  readonly excluded: number;
  /** Per element of the stream the signed sum of its stored integers, exact; all statistics follow from them. */
  readonly sums: readonly bigint[];
  readonly fields: readonly { readonly field: FieldSchema; readonly statistics: Univariate }[];
  /** What these sums say beyond what they should. */
  readonly warnings: readonly Warning[];
}

/** The exact result of a window or group: over `readings` of the `committed` ones, the same for every domain. */
export interface WindowResult extends Sums {
  readonly kind: 'result';
  readonly stream: StreamHash;
  readonly window: WindowId;
  /** As in the flag key; see `groupsOf`. */
  readonly group: number;
  /** Name of the decided set T and the exclusions X that every domain added over, hex. */
  readonly settled: string;
  readonly domains: readonly DomainId[];
}

/**
 * Adds the domains' aggregate shares up and reads the statistics off the sums. It believes nothing that the
 * rows do not say together: one row per domain of the stream, all over the same settled set, a shared count
 * that equals the public one, and sums that some readings within the bounds can have.
 * @param rows released rows, in any order.
 * @param group as in the flag key; 0 of a stream without labels.
 * @throws EngineError `IMPOSSIBLE_AGGREGATE` naming the contradiction, `ELEMENT_OUT_OF_RANGE`
 */
export function combineRows(
  stream: StreamDocument,
  window: WindowId,
  rows: readonly ReleasedRow[],
  group = 0,
): WindowResult {
  const inOrder = rowsInOrder(stream, rows);
  for (const row of inOrder) checkRow(stream, { window, group }, row);
  const first = checkAgreement(inOrder);
  const sums = combine(inOrder.map(({ elements }) => elements));
  if (sums[0] !== BigInt(first.readings)) {
    throw impossible(
      `expected a shared count equal to the settled ${first.readings} readings, got another: a domain added other rows than it says`,
    );
  }
  checkPlausible(stream, sums);
  return {
    kind: 'result',
    stream: stream.hash,
    window,
    group,
    settled: toHex(first.settled),
    domains: stream.domains.map(({ id }) => id),
    ...describeSums(stream, {
      readings: first.readings,
      committed: first.committed,
      excluded: first.committed - first.readings,
      sums: sums.map(balanced),
    }),
  };
}

/**
 * Adds sums of disjoint sets of readings, windows and groups of one stream are such: exact, whatever they add up to.
 * @throws EngineError `WRONG_VECTOR_LENGTH` for sums of another stream
 */
export function addSums(stream: StreamDocument, parts: readonly Sums[]): Sums {
  const sums = stream.elements.map(() => 0n);
  const counts = { readings: 0, committed: 0, excluded: 0 };
  for (const part of parts) {
    counts.readings += part.readings;
    counts.committed += part.committed;
    counts.excluded += part.excluded;
    part.sums.forEach((sum, i) => {
      sums[i] = (sums[i] ?? 0n) + sum;
    });
  }
  return describeSums(stream, { ...counts, sums });
}

function describeSums(stream: StreamDocument, facts: Omit<Sums, 'fields' | 'warnings'>): Sums {
  const moments = momentsOfSums(stream, facts.sums);
  return {
    ...facts,
    // A field whose sum is not shared, as in a stream of cells alone, has no statistics of its own.
    fields: stream.fields.flatMap((field) =>
      moments.powerSums.get(field.name)?.length === 0
        ? []
        : [{ field, statistics: univariate(moments, field.name) }],
    ),
    warnings: resultWarnings(stream, facts.sums),
  };
}

/** Every domain's row exactly once, in the order of the stream's shares. */
function rowsInOrder(stream: StreamDocument, rows: readonly ReleasedRow[]): readonly ReleasedRow[] {
  if (rows.length !== stream.domains.length) {
    throw impossible(`expected one row of each of ${stream.domains.length} domains, got ${rows.length}`);
  }
  return stream.domains.map(({ id }, index) => {
    const row = rows.find((candidate) => candidate.domain === id);
    if (row === undefined) throw impossible(`expected a row of domain ${id}, got none`);
    if (row.index !== index) {
      throw impossible(`expected share ${index} from domain ${id}, got share ${row.index}`);
    }
    return row;
  });
}

function checkRow(
  stream: StreamDocument,
  { window, group }: { readonly window: WindowId; readonly group: number },
  row: ReleasedRow,
): void {
  const facts: readonly (readonly [string, string | number, string | number])[] = [
    ['stream', stream.hash, row.stream],
    ['window', window, row.window],
    ['group', group, row.group],
    ['verdict', 'RELEASED', row.verdict],
    ['bytes of elements', stream.elements.length * ELEMENT_BYTES, row.elements.length],
  ];
  for (const [what, expected, got] of facts) {
    if (expected !== got) {
      throw impossible(`expected ${what} ${expected} in the row of domain ${row.domain}, got ${got}`);
    }
  }
  const flags = row.flags + row.excluded;
  if (stream.countMode === 'single' && (row.flags !== row.readings || flags !== row.committed)) {
    throw impossible(
      `expected one reading per flag, got ${row.readings} of ${row.committed} readings and ${row.flags} of ${flags} flags from domain ${row.domain}`,
    );
  }
  if (
    row.flags > row.readings ||
    row.readings > row.committed ||
    row.excluded > row.committed - row.readings
  ) {
    throw impossible(
      `expected at least one reading per flag, got ${row.readings} of ${row.committed} readings and ${row.flags} of ${flags} flags from domain ${row.domain}`,
    );
  }
  const readings = readingsThatFit(stream);
  if (row.readings > readings || row.excluded > stream.maxExcluded) {
    throw impossible(
      `expected at most ${readings} readings and ${stream.maxExcluded} exclusions, got ${row.readings} and ${row.excluded} from domain ${row.domain}`,
    );
  }
}

/** Shares over different sets add up to noise, or worse: to something that looks like a result. */
function checkAgreement(rows: readonly ReleasedRow[]): ReleasedRow {
  const [first, ...others] = rows;
  if (first === undefined) throw impossible('expected rows, got none');
  for (const row of others) {
    const pairs: readonly (readonly [string, string | number, string | number])[] = [
      ['settled set', toHex(first.settled), toHex(row.settled)],
      ['number of readings', first.readings, row.readings],
      ['number of committed readings', first.committed, row.committed],
      ['number of flags', first.flags, row.flags],
      ['number of exclusions', first.excluded, row.excluded],
    ];
    for (const [what, a, b] of pairs) {
      if (a !== b) {
        throw impossible(
          `expected one ${what}, got ${a} from domain ${first.domain} and ${b} from domain ${row.domain}`,
        );
      }
    }
  }
  return first;
}

function impossible(message: string): EngineError {
  return new EngineError('IMPOSSIBLE_AGGREGATE', message);
}
