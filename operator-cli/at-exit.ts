/** What ends a program from outside: Ctrl-C, `kill`, a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const wishes = new Set<() => void>();
let listening = false;

/**
 * Runs `wish` when this process exits or a signal ends it, however many there are behind one listener of each.
 * @returns takes the wish back
 */
export function atExit(wish: () => void): () => void {
  wishes.add(wish);
  if (!listening) {
    listening = true;
    process.once('exit', runAll);
    for (const signal of SIGNALS) endOn(signal);
  }
  return () => void wishes.delete(wish);
}

function runAll(): void {
  for (const one of wishes) one();
}

/** A process that a signal ends does not exit: nothing would end the processes it has started. */
function endOn(signal: NodeJS.Signals): void {
  const end = () => {
    // Another listener decides when the process ends, and then it exits.
    if (process.listenerCount(signal) > 1) return;
    runAll();
    process.off(signal, end);
    process.kill(process.pid, signal);
  };
  // First, so that others are counted which listen once.
  process.prependListener(signal, end);
}
