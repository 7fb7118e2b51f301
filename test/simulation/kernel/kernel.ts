import { setImmediate as turn } from 'node:timers/promises';
import { createEventQueue, type SimulatedEvent } from './event-queue.ts';
import type { Life } from './life.ts';
import { createRandom, type Random } from './random.ts';
import { createTrace, type Trace } from './trace.ts';

export interface Kernel {
  /** Simulated Unix milliseconds, with fractions. */
  now(): number;
  readonly random: Random;
  readonly trace: Trace;
  /** Events that have happened so far. */
  events(): number;
  /** Runs `run` after `delayMs` unless `life` has ended by then. Returns what cancels it. */
  schedule(label: string, delayMs: number, run: () => void, life?: Life): () => void;
  /** Lets events happen until the promise settles. @throws SimulationStalled */
  runUntil<T>(promise: Promise<T>, limitMs: number): Promise<T>;
  /** Lets everything happen that is due within `durationMs`. */
  runFor(durationMs: number): Promise<void>;
}

/** The simulated world would go on for ever, or nothing is left that could happen. */
export class SimulationStalled extends Error {
  override readonly name = 'SimulationStalled';
}

/** The instant simulations begin at, Unix milliseconds. */
export const START_MS = 1_800_000_000_000;

/** More events than any sound plan needs: a retry loop without a pause would never let time pass. */
const EVENTS_MAX = 5_000_000;

/**
 * The scheduler of a simulated world: one event at a time, and after each event everything its promises lead
 * to, before the next. Programs inside must use no real timer, I/O or thread: one turn of the event loop
 * empties the queue of promise jobs and nothing else.
 */
export function createKernel(seed: string, listener?: (line: string) => void): Kernel {
  const queue = createEventQueue();
  const trace = createTrace(listener);
  let nowMs = START_MS;
  let sequence = 0;
  let events = 0;

  /** Lets the next event happen; false when there is none up to `untilMs`. */
  async function advance(untilMs: number): Promise<boolean> {
    const event = queue.peek();
    if (event === undefined || event.timeMs > untilMs) return false;
    queue.pop();
    if (event.cancelled) return true;
    nowMs = event.timeMs;
    if (event.life?.alive && event.life.pausedUntilMs > nowMs) {
      // The number is a new one, so that what piled up happens in its old order.
      event.timeMs = event.life.pausedUntilMs;
      event.sequence = sequence++;
      queue.push(event);
      return true;
    }
    events += 1;
    if (events > EVENTS_MAX) throw new SimulationStalled(`more than ${EVENTS_MAX} events`);
    trace.note(nowMs, event.label);
    event.run();
    await turn();
    return true;
  }

  return {
    now: () => nowMs,
    random: createRandom(seed),
    trace,
    events: () => events,
    schedule(label, delayMs, run, life) {
      const event: SimulatedEvent = {
        timeMs: nowMs + Math.max(0, delayMs),
        sequence: sequence++,
        label,
        life,
        run: () => {
          if (life === undefined || life.alive) run();
        },
        cancelled: false,
      };
      queue.push(event);
      return () => {
        event.cancelled = true;
      };
    },
    async runUntil(promise, limitMs) {
      const untilMs = nowMs + limitMs;
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      await turn();
      while (!settled) {
        if (await advance(untilMs)) continue;
        const next = queue.peek();
        throw new SimulationStalled(
          next === undefined ? 'nothing is left that could happen' : `not done within ${limitMs} ms`,
        );
      }
      return promise;
    },
    async runFor(durationMs) {
      const untilMs = nowMs + durationMs;
      await turn();
      while (await advance(untilMs)) {
        // Each turn is one event.
      }
      nowMs = untilMs;
    },
  };
}
