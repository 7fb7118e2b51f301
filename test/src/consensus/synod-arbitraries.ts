import fc from 'fast-check';
import type { AcceptorRequest, Ballot } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO } from '../../../src/consensus/index.ts';

/** Few counters and proposers, so that ballots meet. */
export const ballots: fc.Arbitrary<Ballot> = fc.record({
  counter: fc.integer({ min: 1, max: 4 }),
  proposer: fc.integer({ min: 0, max: 2 }),
});

/** Any request, also from proposers that break the rules; at ballot 0 the only vote is TRUE. */
export const requests: fc.Arbitrary<AcceptorRequest<string>> = fc.oneof(
  fc.constant<AcceptorRequest<string>>({ kind: 'read' }),
  fc.constant<AcceptorRequest<string>>({ kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' }),
  ballots.map((ballot): AcceptorRequest<string> => ({ kind: 'prepare', ballot })),
  fc
    .record({ ballot: ballots, value: fc.constantFrom('TRUE', 'ERROR') })
    .map(({ ballot, value }): AcceptorRequest<string> => ({ kind: 'accept', ballot, value })),
);
