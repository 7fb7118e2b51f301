import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AcceptorRequest, AcceptorState, ProposerState } from '../../../src/consensus/index.ts';
import {
  acceptorStep,
  BALLOT_ZERO,
  decidedIn,
  freshAcceptor,
  nextBallot,
  proposerRequest,
  proposerStep,
  startAtBallotZero,
  startProposer,
} from '../../../src/consensus/index.ts';

interface Message {
  readonly proposer: number;
  readonly attempt: number;
  readonly phase: 'preparing' | 'accepting';
  readonly acceptor: number;
  readonly request: AcceptorRequest<string>;
}

/** Larger than the model checker's scopes: five acceptors, four proposers, many ballots, one schedule at a time. */
const ACCEPTORS = 5;
const QUORUM = 3;
const STEPS = 250;

/** Runs one schedule; each choice delivers, repeats, drops or answers one message, or starts a new attempt. */
function run(
  choices: readonly number[],
  setters: number,
  check: (values: ReadonlySet<string>) => void,
): void {
  const acceptors: AcceptorState<string>[] = Array.from({ length: ACCEPTORS }, () => freshAcceptor<string>());
  const votes = new Map<string, Set<number>>();
  const values = new Set<string>();
  const network: Message[] = [];
  const proposers: ProposerState<string>[] = [0, 1, 2, 3].map((n) =>
    n < setters
      ? startAtBallotZero({ acceptors: ACCEPTORS, quorum: QUORUM, wish: 'TRUE' })
      : startProposer({
          acceptors: ACCEPTORS,
          quorum: QUORUM,
          wish: 'ERROR',
          ballot: { counter: 1, proposer: n },
        }),
  );
  const attempts = [0, 0, 0, 0];
  const send = (proposer: number) => {
    const state = proposers[proposer];
    const request = state && proposerRequest(state);
    if (!state || !request || (state.phase !== 'preparing' && state.phase !== 'accepting')) return;
    for (let acceptor = 0; acceptor < ACCEPTORS; acceptor++) {
      network.push({ proposer, attempt: attempts[proposer]!, phase: state.phase, acceptor, request });
    }
  };
  for (const proposer of proposers.keys()) send(proposer);

  for (const choice of choices) {
    const message = network[choice % network.length];
    if (message === undefined) return;
    const fate = Math.floor(choice / 1_000) % 8;
    // A message stays on the network most of the time, so it may come again; else it is gone.
    if (fate >= 5) network.splice(choice % network.length, 1);
    const { state, reply } = acceptorStep(acceptors[message.acceptor]!, message.request);
    acceptors[message.acceptor] = state;
    if (message.request.kind === 'accept' && reply.granted) {
      const name = `${JSON.stringify(message.request.ballot)}${message.request.value}`;
      const voters = votes.get(name) ?? new Set();
      votes.set(name, voters.add(message.acceptor));
      if (voters.size >= QUORUM) values.add(message.request.value);
    }
    const lost = fate === 0;
    if (!lost && message.attempt === attempts[message.proposer]) {
      const before = proposers[message.proposer]!;
      const after = proposerStep(before, message.acceptor, message.phase, reply);
      proposers[message.proposer] = after;
      if (after.phase === 'decided') check(new Set([...values, after.proposal ?? '']));
      if (after.phase === 'refused' && before.phase !== 'refused') {
        attempts[message.proposer]! += 1;
        const ballot = nextBallot(after, message.proposer);
        if (ballot === null) throw new Error('expected a ballot above small ones');
        proposers[message.proposer] = startProposer({
          acceptors: ACCEPTORS,
          quorum: QUORUM,
          wish: 'ERROR',
          ballot,
        });
      }
      if (after.phase !== before.phase) send(message.proposer);
    }
    const read = decidedIn(
      acceptors.map(({ accepted }) => ({ accepted })),
      QUORUM,
    );
    check(new Set([...values, ...(read === null ? [] : [read.value])]));
  }
}

test('one value at most is ever chosen, answered or read, over any schedule of a flag', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { minLength: STEPS, maxLength: STEPS }),
      fc.integer({ min: 0, max: 3 }),
      (choices, setters) => {
        run(choices, setters, (values) => {
          for (const value of values) seen.add(value);
          expect(values.size).toBeLessThanOrEqual(1);
        });
      },
    ),
    { numRuns: 300 },
  );
  // Schedules that never decide would prove nothing.
  expect(seen).toEqual(new Set(['TRUE', 'ERROR']));
});

test('a flag that a quorum voted TRUE for at ballot 0 stays TRUE for every later resolver', () => {
  const set: AcceptorRequest<string> = { kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' };
  const quorums = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: QUORUM, maxLength: QUORUM });
  fc.assert(
    fc.property(quorums, fc.array(quorums, { minLength: 1, maxLength: 4 }), (voters, resolvers) => {
      const acceptors = Array.from({ length: ACCEPTORS }, () => freshAcceptor<string>());
      for (const voter of voters) acceptors[voter] = acceptorStep(acceptors[voter]!, set).state;
      for (const [n, quorum] of resolvers.entries()) {
        let state: ProposerState<string> = startProposer({
          acceptors: ACCEPTORS,
          quorum: QUORUM,
          wish: 'ERROR',
          ballot: { counter: n + 1, proposer: 0 },
        });
        for (const phase of ['preparing', 'accepting'] as const) {
          const request = proposerRequest(state)!;
          for (const acceptor of quorum) {
            const step = acceptorStep(acceptors[acceptor]!, request);
            acceptors[acceptor] = step.state;
            state = proposerStep(state, acceptor, phase, step.reply);
          }
        }
        expect(state).toMatchObject({ phase: 'decided', proposal: 'TRUE' });
      }
    }),
  );
});
