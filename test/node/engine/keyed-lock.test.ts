import { describe, expect, it } from 'vitest';
import { createKeyedLock } from '../../../node/engine/keyed-lock.ts';

/** A section that says when it begins and ends when the test lets it. */
function section(events: string[], name: string) {
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    end,
    async run() {
      events.push(`${name} begins`);
      await over;
      events.push(`${name} ends`);
      return name;
    },
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('sections of one key', () => {
  it('run one after the other in the order they came', async () => {
    const lock = createKeyedLock();
    const events: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => section(events, name));
    const all = Promise.all([a, b, c].map((one) => lock.run('key', one!.run)));
    await turn();
    expect(events).toEqual(['a begins']);
    c!.end();
    b!.end();
    await turn();
    expect(events).toEqual(['a begins']);
    a!.end();
    expect(await all).toEqual(['a', 'b', 'c']);
    expect(events).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('go on after one that failed, and only its caller learns of it', async () => {
    const lock = createKeyedLock();
    const failed = lock.run('key', () => Promise.reject(new Error('no')));
    const next = lock.run('key', async () => 'next');
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('next');
    await expect(lock.run('key', async () => 'later')).resolves.toBe('later');
  });

  it('never lose an update that reads, waits and writes', async () => {
    const lock = createKeyedLock();
    let value = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        lock.run('key', async () => {
          const before = value;
          await turn();
          value = before + 1;
        }),
      ),
    );
    expect(value).toBe(50);
  });
});

describe('sections of different keys', () => {
  it('do not wait for each other', async () => {
    const lock = createKeyedLock();
    const events: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => section(events, name));
    const first = lock.run('one', a!.run);
    b!.end();
    expect(await lock.run('two', b!.run)).toBe('b');
    expect(events).toEqual(['a begins', 'b begins', 'b ends']);
    a!.end();
    await first;
  });
});
