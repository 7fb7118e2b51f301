/**
 * One run of a process. What its program has scheduled happens only while it lives; promises it still waits
 * for are never settled, as after SIGKILL.
 */
export interface Life {
  readonly name: string;
  alive: boolean;
  /** Until then nothing happens to it, as after SIGSTOP; simulated Unix milliseconds. */
  pausedUntilMs: number;
  /** Called once when the life ends. */
  readonly atEnd: Set<() => void>;
}

export function startLife(name: string): Life {
  return { name, alive: true, pausedUntilMs: 0, atEnd: new Set() };
}

/** Idempotent. */
export function endLife(life: Life): void {
  if (!life.alive) return;
  life.alive = false;
  for (const end of life.atEnd) end();
  life.atEnd.clear();
}

/** SIGSTOP, and SIGCONT at the given time: what happens to the process meanwhile happens to it then, in order. */
export function pauseLife(life: Life, untilMs: number): void {
  life.pausedUntilMs = Math.max(life.pausedUntilMs, untilMs);
}
