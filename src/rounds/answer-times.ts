/** Answers whose times are remembered: enough that what waits for a node that hangs is not most of them. */
const ANSWERS_KEPT_MAX = 31;
/** Fewer say nothing yet. */
const ANSWERS_MIN = 4;
/** An answer that takes so many times as long as usual is late. */
const LATE_TIMES = 5;

/**
 * The least that is late, milliseconds: a node that hangs then costs a reading less than a second, also where the next
 * one waits for a copy that the same node owes.
 */
const LATE_MS_MIN = 150;

/** How long answers take lately, and from when on one is so late that it is worth asking another node as well. */
export interface AnswerTimes {
  note(ms: number): void;
  /** Milliseconds; the longest of them until there have been some answers. */
  lateMs(): number;
}

/**
 * The middle one of the last times decides, so that a node that hangs does not change it, with what waits for it; where all
 * answers are slow none is late before its time, so that nobody is asked more than on any other day.
 * @param mostMs after which another node is asked in any case.
 */
export function createAnswerTimes(mostMs: number): AnswerTimes {
  const times: number[] = [];
  let noted = 0;
  return {
    note(ms) {
      times[noted++ % ANSWERS_KEPT_MAX] = ms;
    },
    lateMs() {
      const usual = times.toSorted((a, b) => a - b)[times.length >> 1];
      if (usual === undefined || times.length < ANSWERS_MIN) return mostMs;
      return Math.min(mostMs, Math.max(LATE_MS_MIN, LATE_TIMES * usual));
    },
  };
}
