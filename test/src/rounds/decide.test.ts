import { expect, test } from 'vitest';
import type { AcceptorReply, AcceptorState } from '../../../src/consensus/index.ts';
import { acceptorStep, BALLOT_ZERO, freshAcceptor } from '../../../src/consensus/index.ts';
import type { DecideCall } from '../../../src/rounds/index.ts';
import { decideRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';

const OPTIONS = { acceptors: 3, quorum: 2, proposer: 4, wish: 'mine', backOffMs: 50, attempts: 8 };
const grant: AcceptorReply<string> = { granted: true, promised: BALLOT_ZERO, accepted: null };
const refusal = (counter: number, proposer = 9): AcceptorReply<string> => ({
  granted: false,
  promised: { counter, proposer },
  accepted: null,
});

const decide = (own: Partial<typeof OPTIONS> = {}) => driveRound(decideRound<string>({ ...OPTIONS, ...own }));

/** Acceptors that answer as production does. */
function acceptorWorld(count: number) {
  const acceptors: AcceptorState<string>[] = Array.from({ length: count }, () => freshAcceptor<string>());
  return {
    acceptors,
    answer({ acceptor, request }: DecideCall<string>): AcceptorReply<string> {
      const step = acceptorStep(acceptors[acceptor]!, request);
      acceptors[acceptor] = step.state;
      return step.reply;
    },
  };
}

test('prepares at every acceptor, then asks every acceptor to accept its wish', () => {
  const round = decide();
  const ballot = { counter: 1, proposer: 4 };
  expect(round.calls()).toEqual(
    [0, 1, 2].map((acceptor) => ({ acceptor, request: { kind: 'prepare', ballot } })),
  );
  round.reply('1/preparing/0', grant);
  expect(round.effects()).toEqual([]);
  round.reply('1/preparing/2', grant);
  expect(round.calls()).toEqual(
    [0, 1, 2].map((acceptor) => ({ acceptor, request: { kind: 'accept', ballot, value: 'mine' } })),
  );
  round.reply('1/accepting/1', grant);
  round.reply('1/accepting/2', grant);
  expect(round.out()).toEqual({ kind: 'decided', value: 'mine' });
});

test('adopts what an acceptor of its quorum had accepted', () => {
  const world = acceptorWorld(3);
  decide({ proposer: 1, wish: 'first' }).answerAll(world.answer);
  const second = decide({ proposer: 2, wish: 'second' });
  let steps = 0;
  while (second.out() === undefined && steps++ < 10) {
    second.answerAll(world.answer);
    const wake = second.effects().find((effect) => effect.kind === 'wake');
    if (wake !== undefined) second.wake(wake.id);
  }
  expect(second.out()).toEqual({ kind: 'decided', value: 'first' });
});

test('after a refusal it pauses and comes back above everything it was shown', () => {
  const round = decide();
  round.reply('1/preparing/0', refusal(7));
  round.reply('1/preparing/1', refusal(3));
  expect(round.effects()).toEqual([{ kind: 'wake', id: 'again/1', afterMs: 0, jitterMs: 50 }]);
  round.wake('again/1');
  expect(round.calls()[0]).toEqual({
    acceptor: 0,
    request: { kind: 'prepare', ballot: { counter: 8, proposer: 4 } },
  });
});

test('a vote after the refusal does not pause a second time', () => {
  const round = decide();
  round.reply('1/preparing/0', refusal(7));
  round.reply('1/preparing/1', refusal(7));
  round.reply('1/preparing/2', refusal(7));
  expect(round.effects()).toEqual([]);
});

test('a vote of an earlier attempt or phase is dropped', () => {
  const round = decide();
  round.reply('1/preparing/0', refusal(7));
  round.reply('1/preparing/1', refusal(7));
  round.wake('again/1');
  const before = round.state();
  round.reply('1/preparing/2', grant);
  round.reply('1/accepting/2', grant);
  expect(round.state()).toEqual(before);
  expect(round.effects()).toEqual([]);
});

test('acceptors that do not answer count as refusals that show nothing', () => {
  const round = decide();
  round.fail('1/preparing/0');
  round.fail('1/preparing/2');
  round.wake('again/1');
  expect(round.calls()[0]?.request).toEqual({ kind: 'prepare', ballot: { counter: 2, proposer: 4 } });
});

test('refusals that show a decision end the round with it', () => {
  const round = decide();
  const accepted = { ballot: { counter: 2, proposer: 1 }, value: 'theirs' };
  round.reply('1/preparing/0', { ...refusal(2, 1), accepted });
  round.reply('1/preparing/1', { ...refusal(5, 1), accepted });
  expect(round.out()).toEqual({ kind: 'decided', value: 'theirs' });
});

test('refusals that show one value at two ballots prove nothing', () => {
  const round = decide();
  const at = (counter: number) => ({ ballot: { counter, proposer: 1 }, value: 'theirs' });
  round.reply('1/preparing/0', { ...refusal(2, 1), accepted: at(1) });
  round.reply('1/preparing/1', { ...refusal(5, 1), accepted: at(2) });
  expect(round.out()).toBeUndefined();
});

test('pauses double up to 16 times the first, and after the last attempt it is undecided', () => {
  const round = decide();
  const jitters: number[] = [];
  for (let attempt = 1; attempt < OPTIONS.attempts; attempt++) {
    round.fail(`${attempt}/preparing/0`);
    round.fail(`${attempt}/preparing/1`);
    const [wake] = round.effects();
    expect(wake).toMatchObject({ kind: 'wake', id: `again/${attempt}` });
    if (wake?.kind === 'wake') jitters.push(wake.jitterMs);
    round.wake(`again/${attempt}`);
  }
  expect(jitters.slice(0, 6)).toEqual([50, 100, 200, 400, 800, 800]);
  round.fail(`${OPTIONS.attempts}/preparing/0`);
  expect(round.out()).toBeUndefined();
  round.fail(`${OPTIONS.attempts}/preparing/1`);
  expect(round.out()).toEqual({ kind: 'undecided' });
});

test('where an acceptor shows the last ballot there is, it is undecided', () => {
  const round = decide();
  round.fail('1/preparing/0');
  round.reply('1/preparing/1', refusal(Number.MAX_SAFE_INTEGER));
  round.wake('again/1');
  expect(round.out()).toEqual({ kind: 'undecided' });
});

test('one acceptor decides alone', () => {
  const round = decide({ acceptors: 1, quorum: 1 });
  round.answerAll(acceptorWorld(1).answer);
  expect(round.out()).toEqual({ kind: 'decided', value: 'mine' });
});
