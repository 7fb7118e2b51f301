import { EngineError } from '../foundation/index.ts';
import type { StreamPayload } from './stream-schema.ts';

/** One set of sums of a stream: all of its readings, or those with one of its labels. */
export interface StreamGroup {
  /** As it stands in flag keys and messages: 0 without labels, else from 1 in the document's order. */
  readonly group: number;
  /** The label, or null where the stream has none. */
  readonly name: string | null;
}

/** The groups of a stream in the document's order. */
export function groupsOf({ groups }: Pick<StreamPayload, 'groups'>): readonly StreamGroup[] {
  if (groups.length === 0) return [{ group: 0, name: null }];
  return groups.map((name, i) => ({ group: i + 1, name }));
}

/**
 * The group of a label; without a label the one group of a stream that has no labels.
 * @throws EngineError `INVALID_ARGUMENT` naming the labels there are
 */
export function groupNamed(stream: Pick<StreamPayload, 'groups'>, name: string | null): StreamGroup {
  const found = groupsOf(stream).find((group) => group.name === name);
  if (found !== undefined) return found;
  const labels = stream.groups.length === 0 ? 'no group' : `one of the groups ${stream.groups.join(', ')}`;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected ${labels}, got ${name === null ? 'none' : JSON.stringify(name.slice(0, 80))}`,
  );
}
