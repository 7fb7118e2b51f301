import { EngineError } from '../../src/foundation/index.ts';

/**
 * What `act` resolves to, if in time; otherwise its signal is aborted and nobody waits for it any more.
 * @param controller aborts the work also where the caller has gone.
 * @throws EngineError `DEADLINE_EXCEEDED`
 */
export function withinTime<T>(
  limitMs: number,
  path: string,
  controller: AbortController,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const work = act(controller.signal);
    const timer = setTimeout(() => {
      const error = new EngineError(
        'DEADLINE_EXCEEDED',
        `expected ${path} to end within ${limitMs} ms; whether it took effect is not known`,
      );
      controller.abort(error);
      reject(error);
    }, limitMs);
    work.then(
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
