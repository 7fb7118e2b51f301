import type { AcceptorReply } from '../../../src/consensus/index.ts';
import type { FlagValue, Outcome } from '../../../src/protocol/index.ts';
import type { DecideFlagsCall, DecideFlagsReply } from '../../../src/rounds/index.ts';
import type { ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoized, memoizedOfOne } from '../explore/interner.ts';
import type { FlagsRound } from './flag-acceptors.ts';
import { ACCEPTORS, createFlagsKind, showRequest } from './flag-acceptors.ts';

export interface FlagTraffic {
  /** The processes before anything happened, in the order of the rounds. */
  readonly initial: readonly number[];
  /** Everything that one message between a round and an acceptor can lead to. */
  deliver(state: ModelState, take: Take, isDown?: (acceptor: number, round: number) => boolean): void;
  /** What each round has answered, undefined while it has not. */
  answers(state: ModelState): readonly (Outcome | undefined)[];
}

/** What an acceptor makes of a request; a null reply is a refusal that says nothing of the flag. */
export type HandleFlag = (
  cell: number,
  call: DecideFlagsCall,
) => { readonly cell: number; readonly reply: AcceptorReply<FlagValue> | null };

/**
 * The messages between rounds about one flag and its acceptors. In a state the acceptors' cells come first,
 * then one process per round.
 *
 * Requests are delayed, repeated and reordered at will. A reply is heard at once or never, which covers every
 * delay: hearing writes only the hearer's own state and adds requests that may wait as long as they like, and
 * the votes of one phase are a set. Replies that grant an accept are always heard and refusals never, because
 * neither makes a flag's round send anything: they only end it.
 */
export function createFlagTraffic(
  rounds: readonly { readonly name: string; readonly round: FlagsRound }[],
  handle: HandleFlag,
): FlagTraffic {
  const requests = createInterner<DecideFlagsCall>();
  const replies = createInterner<DecideFlagsReply>();
  const kinds = rounds.map(({ round }) => createFlagsKind(round, replies));
  const handled = memoized((before, request) => {
    const { cell, reply } = handle(before, requests.valueOf(request));
    return { cell, granted: reply?.granted === true, reply: replies.idOf(reply === null ? [] : [reply]) };
  });
  const callsOf = kinds.map((kind) =>
    memoizedOfOne((process) =>
      kind
        .valueOf(process)
        .sent.map(({ call }) => ({ call, request: requests.idOf({ ...call, acceptor: 0 }) })),
    ),
  );

  function deliverOf(
    round: number,
    state: ModelState,
    take: Take,
    isDown: (acceptor: number) => boolean,
  ): void {
    const at = ACCEPTORS + round;
    const process = state[at] ?? 0;
    const kind = kinds[round];
    for (const [place, { call, request }] of (callsOf[round]?.(process) ?? []).entries()) {
      if (kind === undefined || isDown(call.acceptor)) continue;
      const before = state[call.acceptor] ?? 0;
      const { cell, granted, reply } = handled(before, request);
      const label = (heard: string) => () =>
        `acceptor ${call.acceptor}: ${showRequest(call)} of ${rounds[round]?.name}${heard}`;
      const lost = withAt(state, call.acceptor, cell);
      if (granted) {
        const hearing = kind.hear(process, place, reply);
        if (hearing !== process) take(withAt(lost, at, hearing), label(''));
        if (call.kind === 'accept') continue;
      }
      if (cell !== before) take(lost, label(', reply lost'));
    }
  }

  return {
    initial: kinds.map(({ start }) => start),
    deliver(state, take, isDown = () => false) {
      for (const round of kinds.keys()) deliverOf(round, state, take, (acceptor) => isDown(acceptor, round));
    },
    answers: (state) => kinds.map((kind, n) => kind.valueOf(state[ACCEPTORS + n] ?? 0).out?.[0]),
  };
}
