import { EngineError } from '../../src/foundation/index.ts';
import type { FoundRows, RowVersion } from '../engine/packed-rows.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow, encodeFlagRow } from '../engine/rows.ts';

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

export interface FlagChanges<T> {
  /** One for each flag of the request. */
  readonly answers: readonly T[];
  readonly changes: readonly Alike[];
  /** What is to be written. */
  readonly versions: readonly RowVersion[];
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

/** Rows that became others; one body for those that became the same. */
function newVersions(
  before: readonly (FlagRow | undefined)[],
  after: readonly (FlagRow | undefined)[],
): readonly RowVersion[] {
  const versions: RowVersion[] = [];
  let encoded: { readonly row: FlagRow; readonly body: Uint8Array } | undefined;
  for (const [place, row] of after.entries()) {
    if (row === undefined || row === before[place]) continue;
    if (encoded?.row !== row) encoded = { row, body: encodeFlagRow(row) };
    versions.push({ place, body: encoded.body });
  }
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
