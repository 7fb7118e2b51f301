import { describe, expect, it } from 'vitest';
import { fc, test } from '../support/property.ts';
import { createEventQueue } from './kernel/event-queue.ts';
import {
  createKernel,
  createRandom,
  endLife,
  pauseLife,
  SimulationStalled,
  START_MS,
  simulatedClock,
  startLife,
} from './kernel/index.ts';

describe('the generator of a simulation', () => {
  it('gives the same bytes for the same seed and other bytes for another', () => {
    expect(createRandom('1').bytes(40)).toEqual(createRandom('1').bytes(40));
    expect(createRandom('1').bytes(40)).not.toEqual(createRandom('2').bytes(40));
  });

  it('forks by name, whatever was drawn before', () => {
    const drawn = createRandom('1');
    drawn.bytes(1_000);
    expect(drawn.fork('disk').bytes(16)).toEqual(createRandom('1').fork('disk').bytes(16));
    expect(createRandom('1').fork('disk').bytes(16)).not.toEqual(createRandom('1').fork('net').bytes(16));
  });

  it('draws every whole number of a range about equally often', () => {
    const random = createRandom('uniform');
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 50_000; i++) counts[random.between(3, 7) - 3]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe('the event queue', () => {
  test.prop([fc.array(fc.integer({ min: 0, max: 20 }))])(
    'gives events by time, and those of one instant in the order they were scheduled',
    (times) => {
      const queue = createEventQueue();
      const events = times.map((timeMs, sequence) => ({
        timeMs,
        sequence,
        label: '',
        run: () => undefined,
        cancelled: false,
      }));
      for (const event of events) queue.push(event);
      const popped = events.map(() => queue.pop());
      expect(popped).toEqual([...events].sort((a, b) => a.timeMs - b.timeMs || a.sequence - b.sequence));
      expect(queue.pop()).toBeUndefined();
    },
  );
});

describe('the kernel', () => {
  it('finishes everything an event leads to before the next event of the same instant', async () => {
    const kernel = createKernel('1');
    const order: string[] = [];
    const chain = async (name: string) => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      order.push(name);
    };
    kernel.schedule('first', 5, () => void chain('first'));
    kernel.schedule('second', 5, () => void chain('second'));
    await kernel.runFor(10);
    expect(order).toEqual(['first', 'second']);
    expect(kernel.now()).toBe(START_MS + 10);
  });

  it('names a world in which nothing can happen any more', async () => {
    const kernel = createKernel('1');
    await expect(kernel.runUntil(new Promise(() => undefined), 1_000)).rejects.toThrow(SimulationStalled);
  });

  it('names work that does not end within its simulated time', async () => {
    const kernel = createKernel('1');
    const clock = simulatedClock(kernel, startLife('sleeper'));
    await expect(kernel.runUntil(clock.sleep(2_000), 1_000)).rejects.toThrow('1000 ms');
  });

  it('has the same trace for the same seed and another for another event', async () => {
    const digestOf = async (label: string) => {
      const kernel = createKernel('1');
      kernel.schedule(label, kernel.random.fraction(), () => undefined);
      await kernel.runFor(10);
      return kernel.trace.digest();
    };
    expect(await digestOf('a')).toBe(await digestOf('a'));
    expect(await digestOf('a')).not.toBe(await digestOf('b'));
  });
});

describe('a paused process', () => {
  it('finds when it goes on what happened to it meanwhile, in order, and that time has passed', async () => {
    const kernel = createKernel('1');
    const life = startLife('node');
    const clock = simulatedClock(kernel, life);
    const seen: string[] = [];
    const note = (label: string) => seen.push(`${label} at ${clock.now() - START_MS}`);
    for (const ms of [10, 20, 20, 30]) kernel.schedule('', ms, () => note(`due ${ms}`), life);
    const cancel = kernel.schedule('', 15, () => note('cancelled'), life);
    kernel.schedule('', 5, () => pauseLife(life, START_MS + 25));
    kernel.schedule('', 22, cancel);
    kernel.schedule('', 12, () => note('somebody else'));
    await kernel.runFor(100);
    expect(seen).toEqual([
      'somebody else at 12',
      'due 10 at 25',
      'due 20 at 25',
      'due 20 at 25',
      'due 30 at 30',
    ]);
  });

  it('never goes on when it is killed meanwhile', async () => {
    const kernel = createKernel('1');
    const life = startLife('node');
    let woken = false;
    kernel.schedule('', 10, () => (woken = true), life);
    pauseLife(life, START_MS + 50);
    kernel.schedule('', 20, () => endLife(life));
    await kernel.runFor(100);
    expect(woken).toBe(false);
  });
});

describe('the clock of a process', () => {
  it('passes only when the simulation lets it, without real waiting, and is set right while a process runs', async () => {
    const kernel = createKernel('1');
    let skewMs = 250;
    const clock = simulatedClock(kernel, startLife('node'), () => skewMs);
    await kernel.runUntil(clock.sleep(86_400_000), 86_400_000);
    expect(clock.now()).toBe(START_MS + 86_400_000 + 250);
    skewMs = -10;
    expect(clock.now()).toBe(START_MS + 86_400_000 - 10);
  });

  it('rejects with the reason of an aborted signal, before and during a sleep', async () => {
    const kernel = createKernel('1');
    const clock = simulatedClock(kernel, startLife('node'));
    await expect(clock.sleep(5, AbortSignal.abort('early'))).rejects.toBe('early');
    const controller = new AbortController();
    const sleep = clock.sleep(50, controller.signal);
    kernel.schedule('abort', 10, () => controller.abort('late'));
    await expect(kernel.runUntil(sleep, 100)).rejects.toBe('late');
    expect(kernel.now()).toBe(START_MS + 10);
  });

  it('never wakes a process that has ended', async () => {
    const kernel = createKernel('1');
    const life = startLife('node');
    let woken = false;
    void simulatedClock(kernel, life)
      .sleep(10)
      .then(() => {
        woken = true;
      });
    endLife(life);
    await kernel.runFor(100);
    expect(woken).toBe(false);
  });
});
