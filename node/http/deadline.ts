import { EngineError } from '../../src/foundation/index.ts';

/**
 * What `act` resolves to, if in time; otherwise its signal is aborted and nobody waits for it any more.
 * @param controller aborts the work also where the caller has gone.
 * @throws EngineError `DEADLINE_EXCEEDED`
 */
export async function withinTime<T>(
  limitMs: number,
  path: string,
  controller: AbortController,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new EngineError(
        'DEADLINE_EXCEEDED',
        `expected ${path} to end within ${limitMs} ms; whether it took effect is not known`,
      );
      controller.abort(error);
      reject(error);
    }, limitMs);
  });
  try {
    return await Promise.race([act(controller.signal), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
