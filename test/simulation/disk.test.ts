import { describe, expect, it } from 'vitest';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import { describeStore } from '../conformance/store-conformance.ts';
import { createDisk, type DiskSite } from './disk.ts';
import { createKernel, endLife, type Kernel, startLife } from './kernel/index.ts';

const SETTINGS = { commitMs: 10, readMs: 1 };

function put(key: number): StoreOperation {
  return { kind: 'put', table: 'flags', key: Uint8Array.of(key), value: Uint8Array.of(key) };
}

function worldOf(seed: string, crashAt: (site: DiskSite) => boolean = () => false) {
  const kernel = createKernel(seed);
  return { kernel, disk: createDisk(kernel, 'disk', { ...SETTINGS, crashAt }) };
}

describe('the simulated disk', () => {
  it('shows a commit once it is acknowledged, also to the next process', async () => {
    const { kernel, disk } = worldOf('1');
    const life = startLife('first');
    await kernel.runUntil(disk.open(life).commit([put(1)]), 100);
    endLife(life);
    const rows = await kernel.runUntil(
      disk.open(startLife('second')).getMany('flags', [Uint8Array.of(1)]),
      100,
    );
    expect(rows).toEqual([Uint8Array.of(1)]);
  });

  it('keeps after a crash a prefix of the commits under way, of every length', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const { kernel, disk } = worldOf(String(seed));
      const life = startLife('node');
      const store = disk.open(life);
      for (const key of [1, 2, 3]) void store.commit([put(key), put(key + 100)]);
      await kernel.runFor(0);
      endLife(life);
      const kept = disk.rows('flags').map(([key]) => key[0]);
      lengths.add(kept.length);
      expect([[], [1, 101], [1, 2, 101, 102], [1, 2, 3, 101, 102, 103]]).toContainEqual(kept);
    }
    expect([...lengths].sort()).toEqual([0, 2, 4, 6]);
  });

  it('says of a crash that tears a commit in the middle, of which nothing is left', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const kernel = createKernel(String(seed));
      let torn = 0;
      const disk = createDisk(kernel, 'disk', {
        ...SETTINGS,
        crashAt: () => false,
        onTorn: () => {
          torn += 1;
        },
      });
      const life = startLife('node');
      const store = disk.open(life);
      for (const key of [1, 2]) void store.commit([put(key), put(key + 100)]);
      await kernel.runFor(0);
      endLife(life);
      outcomes.add(`${disk.rows('flags').length} rows, ${torn} torn`);
    }
    expect([...outcomes].sort()).toEqual([
      '0 rows, 0 torn',
      '0 rows, 1 torn',
      '2 rows, 0 torn',
      '2 rows, 1 torn',
      '4 rows, 0 torn',
    ]);
  });

  it('lets a process end before a commit is durable, and between that and the answer', async () => {
    for (const wanted of ['commit pending', 'commit durable'] as const) {
      const life = startLife('node');
      const { kernel, disk } = worldOf('1', (site) => {
        if (site === wanted) endLife(life);
        return site === wanted;
      });
      let acknowledged = false;
      void disk
        .open(life)
        .commit([put(1)])
        .then(() => {
          acknowledged = true;
        });
      await kernel.runFor(100);
      expect(acknowledged).toBe(false);
      if (wanted === 'commit durable') expect(disk.rows('flags')).toHaveLength(1);
    }
  });

  it('is not changed by what a caller does to its arrays afterwards', async () => {
    const { kernel, disk } = worldOf('1');
    const value = Uint8Array.of(7);
    const done = disk
      .open(startLife('node'))
      .commit([{ kind: 'put', table: 'meta', key: Uint8Array.of(1), value }]);
    value[0] = 8;
    await kernel.runUntil(done, 100);
    expect(disk.rows('meta')[0]?.[1]).toEqual(Uint8Array.of(7));
  });

  it('damages one bit when asked to', async () => {
    const { kernel, disk } = worldOf('1');
    expect(disk.flipBit('flags')).toBeUndefined();
    await kernel.runUntil(disk.open(startLife('node')).commit([put(0)]), 100);
    expect(disk.flipBit('flags')).toEqual(Uint8Array.of(0));
    const flipped = disk.rows('flags')[0]?.[1][0] ?? 0;
    expect(Math.log2(flipped) % 1).toBe(0);
  });
});

describe('a simulated disk that fails', () => {
  const outcomeOf = (promise: Promise<void>) =>
    promise.then(
      () => 'stored',
      (error: Error) => error.message.slice(0, 6),
    );

  it('refuses one commit, of which nobody can say whether it is there, and takes the next', async () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { kernel, disk } = worldOf(String(seed));
      const store = disk.open(startLife('node'));
      disk.failNext();
      expect(await kernel.runUntil(outcomeOf(store.commit([put(1)])), 100)).toBe('EIO: i');
      expect(disk.takeFailure()).toBe(true);
      expect(disk.takeFailure()).toBe(false);
      kept.add(disk.rows('flags').length);
      expect(await kernel.runUntil(outcomeOf(store.commit([put(2)])), 100)).toBe('stored');
    }
    expect([...kept].sort()).toEqual([0, 1]);
  });

  it('takes nothing while it is full', async () => {
    const { kernel, disk } = worldOf('1');
    const store = disk.open(startLife('node'));
    disk.fillUntil(kernel.now() + 1_000);
    for (const key of [1, 2])
      expect(await kernel.runUntil(outcomeOf(store.commit([put(key)])), 100)).toBe('ENOSPC');
    expect(disk.rows('flags')).toEqual([]);
    await kernel.runFor(1_000);
    expect(await kernel.runUntil(outcomeOf(store.commit([put(3)])), 100)).toBe('stored');
  });

  it('becomes what a copy says, or empty', async () => {
    const { kernel, disk } = worldOf('1');
    const store = disk.open(startLife('node'));
    await kernel.runUntil(store.commit([put(1)]), 100);
    const copy = disk.copy();
    await kernel.runUntil(store.commit([put(2)]), 100);
    disk.restore(copy);
    expect(disk.rows('flags').map(([key]) => key[0])).toEqual([1]);
    disk.restore(undefined);
    expect(disk.rows('flags')).toEqual([]);
  });
});

/** The suite waits for real; here every wait lets simulated events happen until it is over. */
function pumped(kernel: Kernel, store: Store): Store {
  const until = <T>(promise: Promise<T>) => kernel.runUntil(promise, 60_000);
  return {
    getMany: (table, keys) => until(store.getMany(table, keys)),
    range: (table, range) => until(store.range(table, range)),
    commit: (operations) => until(store.commit(operations)),
    compact: (table, range) => until(store.compact(table, range)),
    close: () => until(store.close()),
  };
}

describeStore('the simulated disk', {
  async create() {
    const { kernel, disk } = worldOf('conformance');
    const reopen = async () => pumped(kernel, disk.open(startLife('again')));
    return { store: await reopen(), reopen };
  },
});
