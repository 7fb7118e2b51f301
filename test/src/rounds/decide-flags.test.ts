import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Accepted, AcceptorReply } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO } from '../../../src/consensus/index.ts';
import type { FlagValue, Outcome } from '../../../src/protocol/index.ts';
import type { DecideFlagsCall } from '../../../src/rounds/index.ts';
import { decideFlagsRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';

type Reply = AcceptorReply<FlagValue>;

const RESOLVER = { counter: 3, proposer: 2 };
const grant: Reply = { granted: true, promised: BALLOT_ZERO, accepted: null };
const refusal: Reply = { granted: false, promised: { counter: 9, proposer: 0 }, accepted: null };
const accepted = (value: FlagValue, counter = 0): Accepted<FlagValue> => ({
  ballot: { counter, proposer: 0 },
  value,
});

const decide = (flags: number, ballot = RESOLVER, acceptors = 3, quorum = 2) =>
  driveRound(decideFlagsRound({ flags, acceptors, quorum, ballot }));

test('SET asks every acceptor once to accept TRUE at ballot 0, for all flags together', () => {
  const round = decide(2, BALLOT_ZERO);
  expect(round.calls()).toEqual(
    [0, 1, 2].map((acceptor) => ({
      acceptor,
      kind: 'accept',
      ballot: BALLOT_ZERO,
      value: 'TRUE',
      flags: [0, 1],
    })),
  );
  round.reply('2', [grant, grant]);
  expect(round.out()).toBeUndefined();
  round.reply('0', [grant, refusal]);
  expect(round.out()).toBeUndefined();
  round.reply('1', [refusal, grant]);
  expect(round.out()).toEqual(['TRUE', 'TRUE']);
});

test('a resolver proposes what was accepted and ERROR where nothing was, as two groups', () => {
  const round = decide(3);
  expect(round.calls().map(({ kind, value, flags }) => [kind, value, flags])).toEqual(
    [0, 1, 2].map(() => ['prepare', null, [0, 1, 2]]),
  );
  round.reply('0', [grant, { ...grant, accepted: accepted('TRUE') }, grant]);
  round.reply('1', [grant, grant, { ...grant, accepted: accepted('ERROR', 1) }]);
  expect(round.calls().map(({ acceptor, value, flags }) => [acceptor, value, flags])).toEqual([
    ...[0, 1, 2].map((acceptor) => [acceptor, 'TRUE', [1]]),
    ...[0, 1, 2].map((acceptor) => [acceptor, 'ERROR', [0, 2]]),
  ]);
  for (const id of ['3', '4']) round.reply(id, [grant]);
  for (const id of ['6', '7']) round.reply(id, [grant, grant]);
  expect(round.out()).toEqual(['ERROR', 'TRUE', 'ERROR']);
});

test('ERROR at ballot 0, which no honest acceptor shows, turns nobody else’s TRUE into ERROR', () => {
  const round = decide(1, BALLOT_ZERO);
  round.reply('0', [{ ...refusal, accepted: accepted('ERROR') }]);
  round.reply('1', [{ ...grant, accepted: accepted('TRUE') }]);
  round.fail('2');
  expect(round.out()).toEqual(['UNDECIDED']);
});

test('a vote of one acceptor is no outcome', () => {
  const round = decide(1, BALLOT_ZERO);
  round.reply('0', [grant]);
  round.fail('1');
  expect(round.out()).toBeUndefined();
  round.fail('2');
  expect(round.out()).toEqual(['UNDECIDED']);
});

test('a refused SET is undecided, unless the refusals show what was decided', () => {
  const refused = decide(2, BALLOT_ZERO);
  refused.reply('0', [refusal, { ...refusal, accepted: accepted('ERROR', 1) }]);
  refused.reply('1', [refusal, { ...refusal, accepted: accepted('ERROR', 1) }]);
  expect(refused.out()).toEqual(['UNDECIDED', 'ERROR']);
});

test('an answer with fewer flags than were asked counts as a refusal of the others', () => {
  const round = decide(2, BALLOT_ZERO);
  round.reply('0', [grant]);
  round.reply('1', [grant, grant]);
  round.reply('2', [grant]);
  expect(round.out()).toEqual(['TRUE', 'UNDECIDED']);
});

test('one acceptor decides alone', () => {
  const alone = decide(1, BALLOT_ZERO, 1, 1);
  alone.reply('0', [grant]);
  expect(alone.out()).toEqual(['TRUE']);
});

test('a reply to a call that is not under way is a mistake in the program', () => {
  const round = decide(1);
  expect(() => round.reply('17', [grant])).toThrow('not under way');
  expect(() => round.wake('17')).toThrow('waits for nothing');
});

const replies: fc.Arbitrary<Reply> = fc.record({
  granted: fc.boolean(),
  promised: fc.constant(RESOLVER),
  accepted: fc.constantFrom(null, accepted('TRUE'), accepted('ERROR', 1)),
});

test('many flags together come out as each of them alone', () => {
  const FLAGS = 4;
  /** Replies by acceptor, phase and flag; null where the acceptor does not answer. */
  const table = fc.array(
    fc.array(fc.option(fc.array(replies, { minLength: FLAGS, maxLength: FLAGS })), {
      minLength: 2,
      maxLength: 2,
    }),
    { minLength: 3, maxLength: 3 },
  );
  fc.assert(
    fc.property(table, fc.constantFrom(BALLOT_ZERO, RESOLVER), (world, ballot) => {
      const outcomesOf = (flags: readonly number[]): readonly Outcome[] => {
        const round = decide(flags.length, ballot);
        round.answerAll((call: DecideFlagsCall) => {
          const answer = world[call.acceptor]?.[call.kind === 'prepare' ? 0 : 1] ?? null;
          return answer && call.flags.map((place) => answer[flags[place]!]!);
        });
        return round.out() ?? [];
      };
      const all = [0, 1, 2, 3];
      expect(outcomesOf(all)).toEqual(all.map((flag) => outcomesOf([flag])[0]));
    }),
  );
});
