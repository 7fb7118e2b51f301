import type { MemoryStore } from './memory-store.ts';

/** Whether a promise is still open when everything that is ready to run has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < 8; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  return !settled;
}

/** Lets every commit that waits take effect, so that a node over a held disk can close, whatever a test found. */
export async function releaseAll(store: MemoryStore): Promise<void> {
  for (;;) {
    try {
      await store.release();
    } catch {
      return;
    }
  }
}
