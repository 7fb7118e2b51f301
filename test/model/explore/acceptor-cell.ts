import type {
  Accepted,
  AcceptorReply,
  AcceptorRequest,
  AcceptorState,
} from '../../../src/consensus/index.ts';
import { acceptorStep, compareBallots, freshAcceptor } from '../../../src/consensus/index.ts';
import { canonical } from './interner.ts';

/** One acceptor of one decision: what it knows, what its disk knows, and every vote it ever gave. */
export interface Cell<V> {
  readonly memory: AcceptorState<V>;
  readonly disk: AcceptorState<V>;
  /** No part of the protocol: a vote once given counts for ever when it is asked what was chosen. */
  readonly voted: readonly Accepted<V>[];
}

export type AcceptorFunction<V> = typeof acceptorStep<V>;

export function freshCell<V>(): Cell<V> {
  return { memory: freshAcceptor(), disk: freshAcceptor(), voted: [] };
}

/** What the acceptor does with one request, synced before the reply unless `synced` is false. */
export function vote<V>(
  cell: Cell<V>,
  request: AcceptorRequest<V>,
  step: AcceptorFunction<V> = acceptorStep,
  synced = true,
): { readonly cell: Cell<V>; readonly reply: AcceptorReply<V> } {
  const { state, reply } = step(cell.memory, request);
  if (state === cell.memory) return { cell, reply };
  const voted =
    request.kind === 'accept' && reply.granted && state.accepted !== null
      ? withVote(cell.voted, state.accepted)
      : cell.voted;
  return { cell: { memory: state, disk: synced ? state : cell.disk, voted }, reply };
}

export function withVote<V>(voted: readonly Accepted<V>[], added: Accepted<V>): readonly Accepted<V>[] {
  if (voted.some((known) => canonical(known) === canonical(added))) return voted;
  return [...voted, added].sort((a, b) => compareBallots(a.ballot, b.ballot));
}

/** The values that `quorum` of the acceptors ever voted for at one ballot. */
export function chosen<V>(cells: readonly Cell<V>[], quorum: number): readonly V[] {
  const votes = new Map<string, { readonly value: V; count: number }>();
  for (const { voted } of cells) {
    for (const accepted of voted) {
      const name = canonical(accepted);
      const known = votes.get(name) ?? { value: accepted.value, count: 0 };
      known.count += 1;
      votes.set(name, known);
    }
  }
  const values = new Map<string, V>();
  for (const { value, count } of votes.values()) if (count >= quorum) values.set(canonical(value), value);
  return [...values.values()];
}
