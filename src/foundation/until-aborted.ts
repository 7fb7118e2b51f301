/**
 * The answer, or the signal's reason where that aborts first. What was begun goes on: others may wait for it as well, and
 * a round that has heard a majority aborts the rest each time, where over HTTP/1.1 breaking an exchange off would cost
 * its connection, a hundred times the price of an unread answer.
 */
export function untilAborted<T>(answer: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    const forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(answer).then(resolve, reject).then(forget, forget);
  });
}
