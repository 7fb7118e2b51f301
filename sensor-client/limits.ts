import type { BackOff } from '../src/rounds/lane.ts';

/** Time one reading may take in all, milliseconds: a node that restarts is back well within it. */
export const DEADLINE_MS_DEFAULT = 60_000;
/** Longest deadline a caller may give, milliseconds; beyond a day the window is over. */
export const DEADLINE_MS_MAX = 86_400_000;
/** Time one request may take, milliseconds: several disk syncs and a coordinator's own round to other nodes. */
export const REQUEST_MS_MAX = 10_000;
/** Time a node may take to hand out a document, milliseconds; the next one has the same. */
export const DOCUMENT_MS_MAX = 5_000;
/** Wait for the first node's answer before the next one is asked as well, milliseconds; doubles with every node. */
export const PATIENCE_MS = 800;
/** How long a node that could not be reached is asked last before one request tries it again, milliseconds. */
export const SILENT_FOR_MS = 2_000;
/**
 * How long a window that every domain says is not open is asked for again before the reading is told so, milliseconds: clocks
 * differ by seconds, and a node that missed the opening hears of it with the first question. One that begins within the
 * reading's deadline has so long from its begin.
 */
export const UNOPENED_MS = 5_000;
/** Waits between two tries of one request; the cap keeps a recovering node from being asked all at once. */
export const BACK_OFF: BackOff = { baseMs: 100, capMs: 10_000 };
/**
 * How long the lone readings of a node's sensors go into one partition, milliseconds: longer than the way of a reading, so
 * that those under way together meet, and short enough that a node's partitions take turns within minutes.
 */
export const PARTITION_MS = 250;
/** Splits of one reading, each under its own reading id. A second one needs a decided ERROR or a SET that was never sent, so more are rare. */
export const SPLITS_MAX = 3;
/** Times every node is asked for a document before the SDK gives up. */
export const CIRCLES_MAX = 3;
/** Longest time between the first reading of a record and its upload where none is given, milliseconds. */
export const RECORD_MS_MAX = 60_000;
/** Records that a sensor makes of a fixed window where it is told no interval: few flags, and few readings lost with it. */
export const RECORD_INTERVALS = 8;
/** Windows and groups of which a sensor keeps recorded readings that it could not send yet. */
export const RECORDS_KEPT_MAX = 256;
/** Readings of `uploadMany` under way at once; also how many share a partition, and so requests. */
export const CONCURRENCY_DEFAULT = 64;
/** Batches of `uploadMany` under way at once; of a thousand readings, three elements and all domains a few MB. */
export const BATCHES_DEFAULT = 8;
/** More readings under way than one request holds would only wait. */
export const CONCURRENCY_MAX = 4_096;
/** Measurements whose stream is remembered; beyond it the oldest is forgotten, so that a gateway's memory is bounded. */
export const MEASUREMENTS_MAX = 65_536;
/** Failures that a summary lists; the others are counted by code and told to `onFailure`. */
export const FAILURES_KEPT_MAX = 1_000;
