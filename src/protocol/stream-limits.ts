const DAY_MS = 86_400_000;

/** Fields of a reading; cross moments of more would be beyond any element list that fits. */
export const FIELDS_MAX = 32;
/** Distinct sensors below which a domain or a sensor refuses private readings where it is not told otherwise. */
export const SENSORS_MIN_DEFAULT = 8;
/** Distinct sensors that must be in a result; more than any window holds would be a window that never opens. */
export const SENSORS_MIN_MAX = 2 ** 32;
/** Readings of a window: its flags, each of one at least, are counted in 32 bits. */
export const READINGS_MAX = 2 ** 32 - 1;
/** Length of a fixed window, in milliseconds: sealing costs a round among all nodes, so not below a second. */
export const WINDOW_MS_MIN = 1_000;
export const WINDOW_MS_MAX = 366 * DAY_MS;
/** How far ahead of its start a manual window may be opened, in milliseconds; a fixed one opens one length ahead. */
export const WINDOW_AHEAD_MS_MAX = 366 * DAY_MS;
/** Labels of a stream: each has a register, a seal and a release of its own in every window. */
export const GROUPS_MAX = 256;
/**
 * Windows of a stream, groups counted apart, between their opening and their erasure: each is a key file and a
 * record in memory at every node, and the nodes open fixed ones without being asked.
 */
export const WINDOWS_PER_STREAM_MAX = 16_384;
/** Time after a window's end in which late readings are taken, in milliseconds. */
export const GRACE_MS_MAX = 7 * DAY_MS;
/** Time after which an unset flag may become ERROR, in milliseconds; a network needs some, a day is plenty. */
export const FLAG_TIMEOUT_MS_MIN = 1;
export const FLAG_TIMEOUT_MS_MAX = DAY_MS;
/** Time after a window's end when everything about single readings is erased, in milliseconds. */
export const RETENTION_MS_MIN = 1;
export const RETENTION_MS_MAX = 90 * DAY_MS;
