import type { WindowKeys } from '../../src/ports/index.ts';
import { type StreamHash, streamHash, type WindowId, windowId } from '../../src/ring/index.ts';
import { type Kernel, type Life, withFlippedBit } from './kernel/index.ts';

/** Longest time a key file takes to be written, ms. */
const WRITE_MS = 5;
const KEY_BYTES = 32;

export type KeysCopy = readonly (readonly [string, Uint8Array])[];

/** The key files of one node; they outlive its processes. */
export interface SimulatedKeys {
  open(life: Life): WindowKeys;
  /** The key as it is, for checkers. */
  peek(stream: StreamHash, window: WindowId, group: number): Uint8Array | undefined;
  /** Flips one bit of a random key and says whether there was one. */
  flipBit(): boolean;
  /** The key files as a backup has them. */
  copy(): KeysCopy;
  /** Puts a copy in the place of what is there; without one all are lost. */
  restore(copy: KeysCopy | undefined): void;
}

/**
 * A crash in the middle of `create` leaves the key or not; a second `create` finds what is there, so that rows
 * written under it stay readable.
 */
export function createKeys(kernel: Kernel, name: string): SimulatedKeys {
  const random = kernel.random.fork(`keys ${name}`);
  const keys = new Map<string, Uint8Array>();
  const after = <T>(life: Life, label: string, act: () => T): Promise<T> =>
    new Promise((resolve) => {
      kernel.schedule(`${name} ${label}`, random.fraction() * WRITE_MS, () => resolve(act()), life);
    });
  return {
    peek: (stream, window, group) => keys.get(`${stream}/${window}/${group}`),
    flipBit() {
      if (keys.size === 0) return false;
      const [name, key] = random.pick([...keys]);
      keys.set(name, withFlippedBit(random, key));
      return true;
    },
    copy: () => [...keys],
    restore(copy) {
      keys.clear();
      for (const [name, key] of copy ?? []) keys.set(name, key);
    },
    open: (life) => ({
      create: (stream, window, group) =>
        after(life, 'makes a window key', () => {
          const known = keys.get(`${stream}/${window}/${group}`) ?? random.bytes(KEY_BYTES);
          keys.set(`${stream}/${window}/${group}`, known);
          return known.slice();
        }),
      find: (stream, window, group) =>
        after(life, 'finds a window key', () => keys.get(`${stream}/${window}/${group}`)?.slice()),
      list: () =>
        after(life, 'lists window keys', () =>
          [...keys.keys()].map((name) => {
            const [stream = '', window = '', group = ''] = name.split('/');
            return { stream: streamHash(stream), window: windowId(Number(window)), group: Number(group) };
          }),
        ),
      destroy: (stream, window, group) =>
        after(life, 'destroys a window key', () => {
          keys.delete(`${stream}/${window}/${group}`);
        }),
    }),
  };
}
