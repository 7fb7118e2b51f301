import { expect, test } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import type { Effect, Round } from '../../../src/rounds/index.ts';
import { runRound } from '../../../src/rounds/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';

type Echo = Round<readonly string[], string, string, readonly string[]>;

/** Starts with `effects`, notes every event and finishes after `events` of them. */
function noting(effects: readonly Effect<string, readonly string[]>[], events: number): Echo {
  return {
    start: () => ({ state: [], effects }),
    step(state, event) {
      const what =
        event.kind === 'reply' ? event.reply : event.kind === 'failure' ? event.error.code : 'awake';
      const next = [...state, `${event.id}: ${what}`];
      return { state: next, effects: next.length < events ? [] : [{ kind: 'finish', out: next }] };
    },
  };
}

const call = (id: string): Effect<string, readonly string[]> => ({ kind: 'call', id, call: id });
const zeroes = (length: number) => new Uint8Array(length);

function ports(perform: (call: string, signal: AbortSignal) => Promise<string>) {
  return { perform, clock: createManualClock(), randomBytes: zeroes };
}

/** Never answers, but rejects with the signal's reason. */
function hanging(aborted: string[]) {
  return (name: string, signal: AbortSignal) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted.push(name);
        reject(signal.reason);
      });
    });
}

test('feeds replies and operating errors back by their ids', async () => {
  const out = await runRound(
    noting([call('a'), call('b')], 2),
    ports(async (name) => {
      if (name === 'a') return 'yes';
      throw new EngineError('UNREACHABLE', 'no');
    }),
  );
  expect(out).toEqual(['a: yes', 'b: UNREACHABLE']);
});

test('anything thrown that is no operating error ends the round and the calls under way', async () => {
  const aborted: string[] = [];
  const hang = hanging(aborted);
  const stray = new TypeError('a mistake');
  const perform = (name: string, signal: AbortSignal) =>
    name === 'a' ? Promise.reject(stray) : hang(name, signal);
  await expect(runRound(noting([call('a'), call('b')], 2), ports(perform))).rejects.toBe(stray);
  expect(aborted).toEqual(['b']);
});

test('a step that throws ends the round', async () => {
  const round: Echo = {
    ...noting([call('a')], 1),
    step: () => {
      throw new TypeError('a mistake');
    },
  };
  await expect(
    runRound(
      round,
      ports(async () => 'yes'),
    ),
  ).rejects.toThrow('a mistake');
});

test('a port that throws at once instead of rejecting ends the round', async () => {
  const perform = () => {
    throw new TypeError('a mistake');
  };
  await expect(runRound(noting([call('a')], 1), ports(perform))).rejects.toThrow('a mistake');
});

test('an abort ends the calls under way and the round, with the reason of the signal', async () => {
  const aborted: string[] = [];
  const controller = new AbortController();
  const running = runRound(noting([call('a'), call('b')], 2), ports(hanging(aborted)), controller.signal);
  controller.abort(new EngineError('DEADLINE_EXCEEDED', 'too late'));
  await expect(running).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(aborted).toEqual(['a', 'b']);
});

test('a signal that has aborted before starts nothing', async () => {
  const perform = () => Promise.reject(new Error('asked'));
  const signal = AbortSignal.abort(new EngineError('DEADLINE_EXCEEDED', 'too late'));
  await expect(runRound(noting([call('a')], 1), ports(perform), signal)).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  });
});

test('a finished round ends its calls under way and hears nothing more', async () => {
  const aborted: string[] = [];
  const hang = hanging(aborted);
  const perform = (name: string, signal: AbortSignal) =>
    name === 'a' ? Promise.resolve('yes') : hang(name, signal);
  expect(await runRound(noting([call('a'), call('b')], 1), ports(perform))).toEqual(['a: yes']);
  expect(aborted).toEqual(['b']);
});

test('effects after a finish are not run', async () => {
  const asked: string[] = [];
  const round = noting([{ kind: 'finish', out: ['at once'] }, call('a')], 1);
  const perform = async (name: string) => {
    asked.push(name);
    return '';
  };
  expect(await runRound(round, ports(perform))).toEqual(['at once']);
  expect(asked).toEqual([]);
});

test('leaves no listener on the signal of its caller', async () => {
  const { signal } = new AbortController();
  const kept = new Set<unknown>();
  const counting: AbortSignal = Object.assign(Object.create(signal), {
    throwIfAborted: () => {},
    addEventListener: (_: string, listener: unknown) => kept.add(listener),
    removeEventListener: (_: string, listener: unknown) => kept.delete(listener),
  });
  await runRound(
    noting([call('a')], 1),
    ports(async () => 'yes'),
    counting,
  );
  expect(kept.size).toBe(0);
});

test('wakes after the pause and the drawn part of its jitter', async () => {
  const clock = createManualClock();
  const from = clock.now();
  const half = () => Uint8Array.of(0x80, 0, 0, 0);
  const pause = { kind: 'wake', id: 'w', afterMs: 100, jitterMs: 50 } as const;
  const running = runRound(noting([pause], 1), { perform: async () => '', clock, randomBytes: half });
  expect(await clock.until(running)).toEqual(['w: awake']);
  expect(clock.now() - from).toBe(125);
});

test('a round that waits for nothing and has not finished is reported, not left hanging', async () => {
  await expect(
    runRound(
      noting([call('a')], 2),
      ports(async () => 'yes'),
    ),
  ).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'a round stopped without an outcome',
  });
});
