import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import type { TransportOptions, TransportRequest, TransportResponse } from '../../../src/ports/index.ts';
import { createWatchfulTransport } from '../../../src/rounds/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { isPending } from '../../support/pending.ts';
import { fc, test } from '../../support/property.ts';

const LONG = { timeoutMs: 60_000 };
const DONE: TransportResponse = { status: 200, body: new Uint8Array(0), contentType: 'x' };

/** A network of one node, whose answers come as the test says, and a transport over it. */
function scene(answerMs: (path: string) => number | null) {
  const clock = createManualClock();
  const asked: string[] = [];
  const urgent = new Set<string>();
  const send = async (_: string, { path }: TransportRequest, options: TransportOptions) => {
    asked.push(path);
    if (options.urgent === true) urgent.add(path);
    const ms = answerMs(path);
    await clock.sleep(Math.min(ms ?? Number.POSITIVE_INFINITY, options.timeoutMs), options.signal);
    if (ms === null || ms > options.timeoutMs) throw new EngineError('UNREACHABLE', 'no answer in time');
    return DONE;
  };
  const transport = createWatchfulTransport({ send, close: async () => {} }, clock);
  const ask = (path: string, options: TransportOptions = LONG) =>
    transport.send('b1', { method: 'POST', path, body: new Uint8Array(0), contentType: 'x' }, options);
  /** How long an answer or the refusal takes. */
  const timeOf = async (path: string, options?: TransportOptions) => {
    const from = clock.now();
    const outcome = await clock.until(
      ask(path, options).then(
        () => 'answered',
        ({ code }: EngineError) => code,
      ),
    );
    return { outcome, ms: clock.now() - from };
  };
  return { clock, asked, urgent, ask, timeOf };
}

const isPing = (path: string): boolean => path.startsWith('/v1/rings');

describe('a node that stands still', () => {
  it('is given up after three beats, and pings had been sent meanwhile, which stand behind no page', async () => {
    const { timeOf, asked, urgent } = scene(() => null);
    expect(await timeOf('/scan')).toEqual({ outcome: 'UNREACHABLE', ms: 3_000 });
    expect(asked.map((path) => isPing(path))).toEqual([false, true, true]);
    expect([...urgent].every(isPing)).toBe(true);
    expect(urgent.size).toBe(1);
  });

  it('is asked for a sign first from then on, and is away to everybody for a moment after each', async () => {
    const { clock, timeOf, asked } = scene(() => null);
    await timeOf('/scan');
    const unsent: string[] = [];
    const options = { ...LONG, onNeverSent: () => void unsent.push('one') };
    expect(await timeOf('/second', options)).toEqual({ outcome: 'UNREACHABLE', ms: 0 });
    await clock.advance(1_000);
    expect(await timeOf('/third', options)).toEqual({ outcome: 'UNREACHABLE', ms: 1_000 });
    expect(await timeOf('/fourth', options)).toEqual({ outcome: 'UNREACHABLE', ms: 0 });
    expect(asked.filter((path) => !isPing(path))).toEqual(['/scan']);
    expect(unsent.length).toBe(3);
  });

  it('is asked for one sign by all who wait for it', async () => {
    const { clock, timeOf, ask, asked } = scene(() => null);
    await timeOf('/scan');
    await clock.advance(1_000);
    const before = asked.length;
    const all = ['/a', '/b', '/c'].map((path) => ask(path).catch(({ code }: EngineError) => code));
    expect(await clock.until(Promise.all(all))).toEqual(Array(3).fill('UNREACHABLE'));
    expect(asked.slice(before).map(isPing)).toEqual([true]);
  });

  it('is asked as before as soon as it is back', async () => {
    let back = false;
    const { clock, timeOf } = scene(() => (back ? 20 : null));
    await timeOf('/scan');
    back = true;
    await clock.advance(1_000);
    expect(await timeOf('/second')).toEqual({ outcome: 'answered', ms: 40 });
    expect(await timeOf('/third')).toEqual({ outcome: 'answered', ms: 20 });
  });

  it('is back for who waits long when it has answered what is not waited for long', async () => {
    const { clock, timeOf } = scene((path) => (path === '/vote' ? 20 : null));
    await timeOf('/scan');
    await timeOf('/vote', { timeoutMs: 500 });
    // Asked at once, and waited for as one of which nothing is known.
    expect(await timeOf('/scan')).toEqual({ outcome: 'UNREACHABLE', ms: 3_000 });
    await clock.advance(1_000);
  });

  it('is not watched by who waits no longer anyway', async () => {
    const { timeOf, asked } = scene(() => null);
    expect(await timeOf('/vote', { timeoutMs: 3_000 })).toEqual({ outcome: 'UNREACHABLE', ms: 3_000 });
    expect(asked).toEqual(['/vote']);
  });
});

describe('a node that works for long', () => {
  it('is waited for until the time is over', async () => {
    const { timeOf } = scene((path) => (isPing(path) ? 50 : null));
    expect(await timeOf('/scan')).toEqual({ outcome: 'UNREACHABLE', ms: 60_000 });
  });

  test.prop([fc.array(fc.integer({ min: 0, max: 1_900 }), { minLength: 1, maxLength: 60 })])(
    'is waited for where the answer to every ping takes less than two beats',
    async (delays) => {
      let ping = 0;
      const { timeOf } = scene((path) => (isPing(path) ? (delays[ping++ % delays.length] ?? 0) : 50_000));
      expect(await timeOf('/scan')).toEqual({ outcome: 'answered', ms: 50_000 });
    },
  );

  it('is waited for longer once signs have taken long, so that a crowded machine gets somewhere', async () => {
    const { timeOf, clock } = scene((path) => (isPing(path) ? 4_000 : 50_000));
    const outcomes = new Set<string>();
    for (let turn = 0; turn < 5; turn++) {
      outcomes.add((await timeOf('/scan')).outcome);
      await clock.advance(10_000);
    }
    expect(outcomes).toContain('answered');
    expect(await timeOf('/scan')).toEqual({ outcome: 'answered', ms: 50_000 });
  });
});

describe('who asks', () => {
  it('hears the reason where it gives up itself, before or meanwhile, and nobody is asked any more', async () => {
    const { clock, ask, asked } = scene(() => null);
    const reason = new Error('the round is over');
    await expect(ask('/scan', { ...LONG, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const scan = ask('/scan', { ...LONG, signal: controller.signal });
    const given = expect(scan).rejects.toBe(reason);
    await clock.advance(500);
    controller.abort(reason);
    await given;
    const before = asked.length;
    await clock.advance(60_000);
    expect(asked.length).toBe(before);
  });

  it('is not kept by the sign of a silent node that others wait for when it gives up itself', async () => {
    const { clock, timeOf, ask } = scene(() => null);
    await timeOf('/scan');
    await clock.advance(1_000);
    const reason = new Error('the round is over');
    const controller = new AbortController();
    const unsent: string[] = [];
    const options = { ...LONG, signal: controller.signal, onNeverSent: () => void unsent.push('one') };
    const given = ask('/second', options).catch((error: unknown) => error);
    const others = expectCode(ask('/third'), 'UNREACHABLE');
    controller.abort(reason);
    expect(await isPending(given)).toBe(false);
    expect(await given).toBe(reason);
    expect(unsent).toEqual(['one']);
    await clock.until(others);
  });

  it('counts one beat for however long it was stopped itself, and finds what came meanwhile before the next', async () => {
    const wakes: (() => void)[] = [];
    let now = 0;
    const clock = { now: () => now, sleep: () => new Promise<void>((wake) => void wakes.push(wake)) };
    const send = (_: string, __: TransportRequest, { signal }: TransportOptions) =>
      new Promise<TransportResponse>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const transport = createWatchfulTransport({ send, close: async () => {} }, clock);
    const request = { method: 'POST', path: '/scan', body: new Uint8Array(0), contentType: 'x' } as const;
    const scan = transport.send('b1', request, LONG);
    const given = expectCode(scan, 'UNREACHABLE');
    for (let beats = 0; beats < 3; beats++) {
      expect(await isPending(scan)).toBe(true);
      now += 90_000;
      wakes.shift()?.();
    }
    await given;
  });
});
