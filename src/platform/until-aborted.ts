/**
 * The answer, or the signal's reason where that aborts first. The exchange itself goes on to its answer or its time:
 * a round that has heard a majority aborts the rest each time, and over HTTP/1.1 breaking an exchange off would cost
 * its connection, a hundred times the price of an unread answer.
 */
export function untilAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).then(forget, forget);
  });
}
