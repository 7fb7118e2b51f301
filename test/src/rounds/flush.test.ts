import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import type { FlushCall, FlushOptions, FlushReply, PacketOut } from '../../../src/rounds/flush.ts';
import { flushRound } from '../../../src/rounds/flush.ts';
import type { Effect, RoundEvent } from '../../../src/rounds/round.ts';

const options: FlushOptions = {
  packets: [2, 1],
  acceptors: 3,
  quorum: 2,
  domains: 2,
  backOff: { baseMs: 100, capMs: 1_000 },
  deadlineMs: 60_000,
};

const LOST = new EngineError('UNREACHABLE', 'lost');
const SEALED = new EngineError('WINDOW_SEALED', 'sealed');
const FULL = new EngineError('WINDOW_FULL', 'full');

type FlushEffect = Effect<FlushCall, readonly PacketOut[]>;

function drive(own: Partial<FlushOptions> = {}) {
  const round = flushRound({ ...options, ...own });
  let { state, effects } = round.start();
  return {
    calls: () => effects.flatMap((effect) => (effect.kind === 'call' ? [effect.call] : [])),
    effects: () => effects,
    out: () => effects.flatMap((effect) => (effect.kind === 'finish' ? [effect.out] : []))[0],
    happen(event: RoundEvent<FlushReply>) {
      ({ state, effects } = round.step(state, event));
    },
    stored(id: string, ...whole: readonly boolean[]) {
      this.happen({ kind: 'reply', id, reply: { kind: 'stored', whole } });
    },
    voted(acceptor: number, ...others: readonly (readonly number[] | null)[]) {
      this.happen({ kind: 'reply', id: `accept ${acceptor}`, reply: { kind: 'voted', others } });
    },
  };
}

function toVotes() {
  const flush = drive();
  flush.stored('upload 0/0', true, true);
  flush.stored('upload 1/0', true, true);
  return flush;
}

const DONE: PacketOut = { left: [], setSent: true };

test('every domain is sent all packets, and the acceptors are asked after the last one has stored them', () => {
  const flush = drive();
  expect(flush.calls()).toEqual([
    { kind: 'upload', domain: 0, owner: 0 },
    { kind: 'upload', domain: 1, owner: 0 },
  ]);
  flush.stored('upload 1/0', true, true);
  expect(flush.effects()).toEqual([]);
  flush.stored('upload 0/0', true, true);
  const accept = { kind: 'accept', packets: [0, 1] };
  expect(flush.calls()).toEqual([0, 1, 2].map((acceptor) => ({ ...accept, acceptor })));
  flush.voted(2, [], []);
  expect(flush.effects()).toEqual([]);
  flush.voted(0, [], []);
  expect(flush.out()).toEqual([DONE, DONE]);
});

test('a domain whose owner does not answer is sent the packets at its next one', () => {
  const flush = drive();
  flush.happen({ kind: 'failure', id: 'upload 1/0', error: LOST });
  expect(flush.effects()).toEqual([{ kind: 'wake', id: 'after upload 1/0', afterMs: 0, jitterMs: 100 }]);
  flush.happen({ kind: 'wake', id: 'after upload 1/0' });
  expect(flush.calls()).toEqual([{ kind: 'upload', domain: 1, owner: 1 }]);
});

test.each([SEALED, FULL])('a refusal ends the flush before anything is set: $code', (error) => {
  const flush = drive();
  flush.happen({ kind: 'failure', id: 'upload 0/0', error });
  expect(flush.out()).toEqual([
    { left: [0, 1], setSent: false },
    { left: [0], setSent: false },
  ]);
});

test('a packet that one domain did not store whole is not set, and the others are', () => {
  const flush = drive();
  flush.stored('upload 0/0', false, true);
  flush.stored('upload 1/0', true, true);
  expect(flush.calls()[0]).toEqual({ kind: 'accept', acceptor: 0, packets: [1] });
  flush.voted(0, []);
  flush.voted(1, []);
  expect(flush.out()).toEqual([{ left: [0, 1], setSent: false }, DONE]);
});

test('a reading is TRUE with the votes of a quorum, and only then', () => {
  const flush = toVotes();
  flush.voted(0, [1], []);
  flush.voted(1, [], []);
  // Reading 1 of the first packet has one vote of the two it needs; the third acceptor decides.
  expect(flush.out()).toBeUndefined();
  flush.voted(2, [1, 1], null);
  expect(flush.out()).toEqual([{ left: [1], setSent: true }, DONE]);
});

test('acceptors that do not answer, or refuse, leave what has no quorum to be asked about', () => {
  const flush = toVotes();
  flush.happen({ kind: 'failure', id: 'accept 0', error: LOST });
  flush.happen({ kind: 'failure', id: 'accept 1', error: SEALED });
  expect(flush.out()).toBeUndefined();
  flush.voted(2, [], []);
  expect(flush.out()).toEqual([
    { left: [0, 1], setSent: true },
    { left: [0], setSent: true },
  ]);
});

test('the deadline ends the flush with what it knows', () => {
  const early = drive();
  early.happen({ kind: 'wake', id: 'deadline' });
  expect(early.out()?.map(({ setSent }) => setSent)).toEqual([false, false]);
  const late = toVotes();
  late.voted(0, [], []);
  late.happen({ kind: 'wake', id: 'deadline' });
  expect(late.out()?.map(({ setSent }) => setSent)).toEqual([true, true]);
  late.voted(1, [], []);
  expect(late.effects()).toEqual([]);
});

/** What happens to one effect: answered, lost, or refused; and which readings an acceptor does not vote for. */
const fate = fc.record({
  pick: fc.nat(),
  kind: fc.constantFrom('answer', 'answer', 'answer', 'lost', 'reply lost', 'refused'),
  whole: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  others: fc.array(fc.option(fc.uniqueArray(fc.nat({ max: 3 })), { nil: null }), {
    minLength: 3,
    maxLength: 3,
  }),
});

test('no order of answers, losses and refusals says TRUE without a quorum, or sets what is not stored everywhere', () => {
  void fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom({ acceptors: 1, quorum: 1 }, { acceptors: 3, quorum: 2 }),
      fc.array(fate, { maxLength: 40 }),
      (packets, voters, fates) => {
        const round = flushRound({ ...options, ...voters, packets });
        let { state, effects } = round.start();
        let pending: FlushEffect[] = [...effects];
        /** Per domain and packet whether it is stored whole; per packet and reading which acceptors voted. */
        const stored = [0, 1].map(() => packets.map(() => false));
        const votes = packets.map((readings) => Array.from({ length: readings }, () => new Set<number>()));
        const asked = new Set<number>();
        const step = (event: RoundEvent<FlushReply>) => {
          ({ state, effects } = round.step(state, event));
          pending = [...pending.filter((one) => one.kind === 'finish' || one.id !== event.id), ...effects];
        };
        for (const { pick, kind, whole, others } of fates) {
          const waiting = pending.filter((one) => one.kind !== 'finish' && one.id !== 'deadline');
          const effect = waiting[pick % Math.max(1, waiting.length)];
          if (effect === undefined || effect.kind === 'finish') break;
          const { id } = effect;
          if (effect.kind === 'wake') {
            step({ kind: 'wake', id });
            continue;
          }
          const { call } = effect;
          if (call.kind === 'accept') {
            for (const packet of call.packets) {
              asked.add(packet);
              expect(stored.every((domain) => domain[packet])).toBe(true);
            }
          }
          if (kind === 'lost') step({ kind: 'failure', id, error: LOST });
          else if (kind === 'refused') step({ kind: 'failure', id, error: SEALED });
          else {
            let reply: FlushReply;
            if (call.kind === 'upload') {
              // What is lost on its way back was stored all the same.
              reply = { kind: 'stored', whole: packets.map((_, packet) => whole[packet] ?? true) };
              for (const [packet, is] of reply.whole.entries())
                if (is) (stored[call.domain] ?? [])[packet] = true;
            } else {
              const given = call.packets.map((packet) => others[packet] ?? null);
              reply = { kind: 'voted', others: given };
              for (const [place, packet] of call.packets.entries()) {
                for (const [reading, voted] of (votes[packet] ?? []).entries()) {
                  if (given[place]?.includes(reading) === false) voted.add(call.acceptor);
                }
              }
            }
            step(kind === 'answer' ? { kind: 'reply', id, reply } : { kind: 'failure', id, error: LOST });
          }
        }
        if (!effects.some((one) => one.kind === 'finish')) step({ kind: 'wake', id: 'deadline' });
        const [out] = pending.flatMap((one) => (one.kind === 'finish' ? [one.out] : []));
        expect(out).toHaveLength(packets.length);
        for (const [packet, { left, setSent }] of (out ?? []).entries()) {
          if (!setSent) expect(asked.has(packet)).toBe(false);
          for (const [reading, voted] of (votes[packet] ?? []).entries()) {
            if (!left.includes(reading)) expect(voted.size).toBeGreaterThanOrEqual(voters.quorum);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
