import type { AcceptorReply } from '../../../src/consensus/index.ts';
import type { DecideCall, Decided, Round } from '../../../src/rounds/index.ts';
import { decideRound } from '../../../src/rounds/index.ts';
import type { ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoized, memoizedOfOne } from '../explore/interner.ts';
import type { Process } from '../explore/round-process.ts';
import { createProcessKind } from '../explore/round-process.ts';
import { ballotText } from './flag-acceptors.ts';

type Value = string;
type DecideState = ReturnType<ReturnType<typeof decideRound<Value>>['start']>['state'];
export type DecideRound = Round<DecideState, DecideCall<Value>, AcceptorReply<Value>, Decided<Value>>;
type DecideProcess = Process<DecideState, DecideCall<Value>, Decided<Value>>;

/** One run of the production round that brings a register or a ledger to a decision. */
export interface Proposal {
  readonly name: string;
  readonly proposer: number;
  readonly wish: Value;
  /** Attempts before it stops, as one does that dies. */
  readonly attemptsMax: number;
  /** The acceptors it asks, as places among the cells; its round numbers them from 0. */
  readonly acceptors: readonly number[];
  readonly quorum: number;
}

export interface DecideTraffic {
  readonly initial: readonly number[];
  deliver(state: ModelState, n: number, take: Take): void;
  /** What the n-th run decided, null while it has not. */
  decided(state: ModelState, n: number): Value | null;
}

export type HandleDecide = (
  cell: number,
  call: DecideCall<Value>,
) => { readonly cell: number; readonly reply: AcceptorReply<Value> };

/**
 * The messages between runs of `decideRound` and the acceptors of one decision. Requests are delayed, repeated
 * and reordered at will; a reply is heard at once or never (see flag-traffic), and a request is given up at any
 * time. In the last attempt nothing follows from a refusal or a lost reply, so they are left out there.
 * @param first place of the first process in a state.
 */
export function createDecideTraffic(
  first: number,
  proposals: readonly Proposal[],
  handle: HandleDecide,
): DecideTraffic {
  const requests = createInterner<DecideCall<Value>>();
  const replies = createInterner<AcceptorReply<Value>>();
  const kinds = proposals.map(({ proposer, wish, acceptors, quorum, attemptsMax: attempts }) =>
    createProcessKind(
      decideRound<Value>({ acceptors: acceptors.length, quorum, proposer, wish, backOffMs: 1, attempts }),
      { replies, stale: (state, { id }) => !id.startsWith(`${state.attempt}/${state.proposer.phase}/`) },
    ),
  );
  const handled = memoized((before, request) => {
    const { cell, reply } = handle(before, requests.valueOf(request));
    return { cell, granted: reply.granted, reply: replies.idOf(reply) };
  });
  const viewOf = kinds.map((kind, n) => memoizedOfOne((id) => viewed(kind.valueOf(id), proposals[n])));

  function viewed(process: DecideProcess, proposal: Proposal | undefined) {
    const attempt = process.round?.attempt ?? 0;
    return {
      last: attempt === proposal?.attemptsMax,
      sleeping: process.sleeping.length > 0,
      out: process.out,
      calls: process.sent.map(({ call }, place) => ({
        acceptor: proposal?.acceptors[call.acceptor] ?? 0,
        request: requests.idOf({ ...call, acceptor: 0 }),
        awaited: process.awaited.includes(place),
        call,
      })),
    };
  }

  function deliver(state: ModelState, n: number, take: Take): void {
    const kind = kinds[n];
    const at = first + n;
    const process = state[at] ?? 0;
    const view = viewOf[n]?.(process);
    if (kind === undefined || view === undefined) return;
    const who = proposals[n]?.name;
    for (const [place, { acceptor, request, awaited, call }] of view.calls.entries()) {
      const before = state[acceptor] ?? 0;
      const { cell, granted, reply } = handled(before, request);
      const label = (heard: string) => () => `acceptor ${acceptor}: ${show(call)} of ${who}${heard}`;
      const lost = withAt(state, acceptor, cell);
      if (awaited && (granted || !view.last)) {
        take(
          withAt(lost, at, rested(n, kind.hear(process, place, reply))),
          label(granted ? '' : ', refused'),
        );
      }
      if (awaited && !view.last) {
        const failed = rested(n, kind.fail(process, place));
        take(withAt(state, at, failed), () => `${who} gives up on acceptor ${acceptor}`);
      }
      const alwaysHeard = awaited && view.last && granted && call.request.kind === 'accept';
      if (cell !== before && !alwaysHeard) take(lost, label(', reply lost'));
    }
  }

  /** The process after its pause. Pauses take no time: the requests that follow wait as long as they like. */
  function rested(n: number, process: number): number {
    const view = viewOf[n]?.(process);
    if (view === undefined || !view.sleeping || view.last) return process;
    return kinds[n]?.wake(process) ?? process;
  }

  return {
    initial: kinds.map(({ start }) => start),
    deliver,
    decided(state, n) {
      const out = viewOf[n]?.(state[first + n] ?? 0).out;
      return out?.kind === 'decided' ? out.value : null;
    },
  };
}

function show({ request }: DecideCall<Value>): string {
  if (request.kind === 'read') return 'read';
  const at = ballotText(request.ballot);
  return request.kind === 'prepare' ? `prepare ${at}` : `accept ${request.value} at ${at}`;
}
