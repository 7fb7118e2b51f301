import { EngineError } from '../../src/foundation/index.ts';
import type { FoundRows } from '../engine/packed-rows.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow } from '../engine/rows.ts';

/** What becomes of one row: itself or its successor, and the answer to whoever asked. */
export interface Change<T> {
  readonly row: FlagRow;
  readonly answer: T;
}

/** Flags of one request whose rows were the same and became the same, as those of a packet mostly do. No flag twice. */
export interface Alike {
  /** Among those of the request, ascending. */
  readonly places: number[];
  readonly was: FlagRow | undefined;
  readonly row: FlagRow;
}

export interface NewRow {
  readonly places: number[];
  readonly row: FlagRow;
}

export interface FlagChanges<T> {
  /** One for each flag of the request. */
  readonly answers: readonly T[];
  readonly changes: readonly Alike[];
  /** What is to be written: places of the request, none twice, and the row that stands at all of them. */
  readonly versions: readonly NewRow[];
}

/** Turns the rows of a request's flags into their successors. `decide` may give the same change for many. */
export function changeFlags<T>(
  found: Pick<FoundRows, 'bodies' | 'first'>,
  decide: (row: FlagRow | undefined, place: number) => Change<T>,
): FlagChanges<T> {
  const answers: T[] = [];
  const changes: Alike[] = [];
  const before = flagRowsIn(found);
  const after = [...before];
  for (let place = 0; place < before.length; place++) {
    // The same flag may stand twice in one request; the second sees what the first made of it.
    const first = found.first(place);
    const was = after[first];
    const { row, answer } = decide(was, place);
    answers.push(answer);
    if (row === was) continue;
    after[first] = row;
    const last = changes.at(-1);
    if (last?.row === row && last.was === was) last.places.push(place);
    else changes.push({ places: [place], was, row });
  }
  return { answers, changes, versions: newVersions(before, after) };
}

/** Rows that became others; those that became the same in a row stand together. */
function newVersions(
  before: readonly (FlagRow | undefined)[],
  after: readonly (FlagRow | undefined)[],
): readonly NewRow[] {
  const versions: NewRow[] = [];
  after.forEach((row, place) => {
    if (row === undefined || row === before[place]) return;
    const last = versions.at(-1);
    if (last?.row === row) last.places.push(place);
    else versions.push({ places: [place], row });
  });
  return versions;
}

/** @throws EngineError `ROW_CORRUPT` when one does not open: what was voted then, nobody knows. */
export function flagRowsIn({ bodies }: Pick<FoundRows, 'bodies'>): readonly (FlagRow | undefined)[] {
  return bodies.map((body) => {
    if (body === undefined) return undefined;
    if (body !== null) return decodeFlagRow(body);
    throw new EngineError('ROW_CORRUPT', 'a row of the flags table does not authenticate; it is not used');
  });
}
