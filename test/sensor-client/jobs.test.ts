import { expect, test } from 'vitest';
import { createJobs, withFan } from '../../sensor-client/jobs.ts';

const forEver = new Promise<never>(() => {});

test('work that begins after an abort is aborted as well', async () => {
  const controller = new AbortController();
  const reason = new Error('the caller gave up');
  const begun = await withFan(controller.signal, async (fan) => {
    controller.abort(reason);
    return fan.run(async (signal) => signal.reason);
  });
  expect(begun).toBe(reason);
});

test('a signal is used again when its work has ended, and never that of work that a caller may abort', async () => {
  const jobs = createJobs();
  const signalOf = async (signal: AbortSignal) => signal;
  const first = await jobs.run(undefined, signalOf);
  expect(await jobs.run(undefined, signalOf)).toBe(first);
  const caller = new AbortController();
  const own = await jobs.run(caller.signal, signalOf);
  expect(own).not.toBe(first);
  const [a, b] = await Promise.all([jobs.run(undefined, signalOf), jobs.run(undefined, signalOf)]);
  expect(new Set([a, b, own, first]).size).toBe(3);
  const given = jobs.run(caller.signal, (signal) => {
    caller.abort();
    return signalOf(signal);
  });
  expect((await given).aborted).toBe(true);
  expect((await jobs.run(undefined, signalOf)).aborted).toBe(false);
});

test('closing ends waits as it ends work, and none begins later', async () => {
  const jobs = createJobs();
  const wait = jobs.wait(() => forEver);
  const work = jobs.run(
    undefined,
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const ended = Promise.allSettled([wait, work]);
  await jobs.close();
  let begun = false;
  const late = jobs.wait(async () => {
    begun = true;
  });
  for (const one of [...(await ended), ...(await Promise.allSettled([late]))]) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'READING_ABORTED' } });
  }
  expect(begun).toBe(false);
});

test('a wait gives what its work gives', async () => {
  const jobs = createJobs();
  const failure = new Error('no answer');
  await expect(jobs.wait(async () => 7)).resolves.toBe(7);
  await expect(jobs.wait(() => Promise.reject(failure))).rejects.toBe(failure);
});
