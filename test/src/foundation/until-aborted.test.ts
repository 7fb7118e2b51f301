import { describe, expect, it } from 'vitest';
import { untilAborted } from '../../../src/foundation/index.ts';

describe('untilAborted', () => {
  it('gives the answer or its failure, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    const listening = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (type: string, listener: () => void) => {
      listening.add(listener);
      add(type, listener);
    };
    signal.removeEventListener = (_: string, listener: unknown) => void listening.delete(listener);
    expect(await untilAborted(7, signal)).toBe(7);
    await expect(untilAborted(Promise.reject(new Error('no answer')), signal)).rejects.toThrow('no answer');
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(listening.size).toBe(0);
  });

  it('ends the waiting with the reason of the signal, also where that has aborted before', async () => {
    const controller = new AbortController();
    const reason = new Error('the round is over');
    let fail = (_: Error) => {};
    const answer = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const waits = untilAborted(answer, controller.signal);
    controller.abort(reason);
    await expect(waits).rejects.toBe(reason);
    await expect(untilAborted(answer, controller.signal)).rejects.toBe(reason);
    // Nobody waits for it any more: a failure that nobody heard would end the process.
    fail(new Error('too late'));
  });
});
