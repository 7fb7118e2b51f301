import { describe, expect, it } from 'vitest';
import { createResolve } from '../../../node/services/resolve-flags.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import type { AcceptorReply, AcceptorState, Ballot } from '../../../src/consensus/index.ts';
import { acceptorStep, BALLOT_ZERO, freshAcceptor } from '../../../src/consensus/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import type { FlagValue, Outcome, VoteRequest } from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { flagEntry } from '../../src/rounds/flag-entries.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const PROPOSER = 1;
const PARTITION = partition(0);
const RECORD = { scope: {} } as OpenWindowRecord;
const LAST: Ballot = { counter: 2 ** 53 - 1, proposer: 7 };

/** Three acceptors of one flag; `null` stands for one that does not answer, `LAST` for one that lies. */
function sceneOf(promised: readonly (Ballot | null)[]) {
  const acceptors = new Map(promised.map((ballot, i) => [`node-${i}`, ballot]));
  const states = new Map<string, AcceptorState<FlagValue>>();
  const asked: VoteRequest[] = [];
  const callPeer = async (to: string, _: unknown, request: VoteRequest) => {
    asked.push(request);
    const before = acceptors.get(to);
    if (before === null || before === undefined)
      throw new EngineError('UNREACHABLE', `${to} does not answer`);
    if (before === LAST) return { votes: [{ granted: false, promised: LAST, accepted: null }] };
    const state = states.get(to) ?? { ...freshAcceptor<FlagValue>(), promised: before };
    const { state: after, reply } = acceptorStep<FlagValue>(
      state,
      request.kind === 'accept' && request.value !== null
        ? { kind: 'accept', ballot: request.ballot, value: request.value }
        : { kind: 'prepare', ballot: request.ballot },
    );
    states.set(to, after);
    return { votes: [reply] satisfies AcceptorReply<FlagValue>[] };
  };
  const remembered: (readonly Outcome[])[] = [];
  const resolve = createResolve({
    admission: { acceptors: () => [...acceptors.keys()] },
    acceptor: {
      remember: (_: unknown, __: unknown, outcomes: readonly Outcome[]) => remembered.push(outcomes),
    },
    rings: { proposer: () => PROPOSER, contextOf: () => ({}) },
    self: { nodeId: 'node-0' },
    callPeer,
    clock: createManualClock(),
    randomBytes: (length: number) => new Uint8Array(length),
  } as never);
  return {
    resolve: (signal?: AbortSignal) => resolve(RECORD, PARTITION, [flagEntry(0, PARTITION)], signal),
    ballots: () => [...new Set(asked.map(({ ballot }) => ballot.counter))],
    remembered,
  };
}

describe('a resolver', () => {
  it('decides ERROR at ballot 1 where nobody else was at work', async () => {
    const { resolve, ballots, remembered } = sceneOf([BALLOT_ZERO, BALLOT_ZERO, null]);
    expect(await resolve()).toEqual(['ERROR']);
    expect(ballots()).toEqual([1]);
    expect(remembered).toEqual([['ERROR']]);
  });

  it('outbids what others were promised at once, however high it is', async () => {
    const high = { counter: 2 ** 41, proposer: 0 };
    const { resolve, ballots } = sceneOf([high, { counter: 5, proposer: 2 }, high]);
    expect(await resolve()).toEqual(['ERROR']);
    expect(ballots()).toEqual([1, high.counter + 1]);
  });

  it('outbids its own ballot of an attempt that was cut off', async () => {
    const own = { counter: 1, proposer: PROPOSER };
    const { resolve, ballots } = sceneOf([own, own, BALLOT_ZERO]);
    expect(await resolve()).toEqual(['ERROR']);
    expect(ballots()).toEqual([1, 2]);
  });

  it('is driven to the last ballot by no acceptor alone', async () => {
    const { resolve, ballots } = sceneOf([{ counter: 3, proposer: 0 }, LAST, { counter: 4, proposer: 0 }]);
    expect(await resolve()).toEqual(['ERROR']);
    expect(ballots()).toEqual([1, 5]);
  });

  it('ends where whoever wants it does not want it any more', async () => {
    const { resolve, ballots } = sceneOf([BALLOT_ZERO, BALLOT_ZERO, BALLOT_ZERO]);
    await expect(resolve(AbortSignal.abort(new Error('the node closes')))).rejects.toThrow('the node closes');
    expect(ballots()).toEqual([]);
  });

  it('leaves a flag to the next time where no majority answers, and takes no higher ballot for it', async () => {
    const { resolve, ballots } = sceneOf([BALLOT_ZERO, null, null]);
    expect(await resolve()).toEqual(['UNDECIDED']);
    expect(await resolve()).toEqual(['UNDECIDED']);
    expect(Math.max(...ballots())).toBeLessThanOrEqual(2);
  });
});
