/** Answers whose times are remembered: enough that what waits for a node that hangs is not three of four of them. */
const ANSWERS_KEPT_MAX = 15;
/** Fewer say nothing yet. */
const ANSWERS_MIN = 4;
/** An answer that takes so many times as long as a quarter of them do is late. */
const LATE_TIMES = 5;

/**
 * The least that is late, milliseconds: a node that hangs then costs a reading less than a second, also where the next
 * one waits for a copy that the same node owes.
 */
const LATE_MS_MIN = 150;

/** So many times as long is waited at least, however slow they are: most answers are there by then. */
const LONG_TIMES = 3;

/** How long answers take lately, and from when on one is so late that it is worth asking another node as well. */
export interface AnswerTimes {
  note(ms: number): void;
  /** Milliseconds; `longMs` until there have been some answers. */
  lateMs(): number;
  /** Milliseconds after which another node is asked in any case. */
  longMs(): number;
}

/**
 * The first quarter of the last times decides, so that a node that hangs does not change it, with what waits for it. Where all
 * answers are slow it is the load, and none is late before its time: to ask more would add to what slows them, until
 * nodes do little else.
 * @param firstMs what is long while answers do not take a third of it.
 * @param mostMs what is long at most.
 * @param before times of another kind that say how long answers may take until there have been some of this one.
 */
export function createAnswerTimes(firstMs: number, mostMs: number, before?: AnswerTimes): AnswerTimes {
  const times: number[] = [];
  let noted = 0;

  function usualMs(): number | undefined {
    return times.length < ANSWERS_MIN ? undefined : times.toSorted((a, b) => a - b)[times.length >> 2];
  }

  const longAt = (usual: number): number => Math.min(mostMs, Math.max(firstMs, LONG_TIMES * usual));

  return {
    note(ms) {
      times[noted++ % ANSWERS_KEPT_MAX] = ms;
    },
    lateMs() {
      const usual = usualMs();
      if (usual === undefined) return before?.lateMs() ?? firstMs;
      return Math.min(longAt(usual), Math.max(LATE_MS_MIN, LATE_TIMES * usual));
    },
    longMs() {
      const usual = usualMs();
      return usual === undefined ? (before?.longMs() ?? firstMs) : longAt(usual);
    },
  };
}
