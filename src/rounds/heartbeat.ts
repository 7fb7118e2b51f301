/**
 * Beats in a row without an answer after which a node counts as silent: two pings are out by then, and the first of them has had
 * two beats.
 */
const QUIET_BEATS_MAX = 3;

/** What is known of whether a node lives, from its answers between the beats while somebody waits for it. */
export interface Heartbeat {
  readonly quietBeats: number;
  /** It has stood still for so long that it counts as away, until it answers anything. */
  readonly silent: boolean;
}

/** After any answer, to whatever was asked. */
export const ALIVE: Heartbeat = { quietBeats: 0, silent: false };

/** Somebody begins to wait: what was quiet before, while nobody asked anything, says nothing. */
export function beginToWait({ silent }: Heartbeat): Heartbeat {
  return { quietBeats: 0, silent };
}

/**
 * After a beat. Beats are counted and no time: a process that was stopped itself finds the answers that came meanwhile before its next
 * beat. A node that was silent before is given up at the first one.
 */
export function beat({ quietBeats, silent }: Heartbeat): Heartbeat {
  const quiet = quietBeats + 1;
  return { quietBeats: quiet, silent: silent || quiet >= QUIET_BEATS_MAX };
}
