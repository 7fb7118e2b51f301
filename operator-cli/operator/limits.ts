/** Time one node has to answer a question about a document or its own state, in milliseconds. */
export const QUESTION_TIMEOUT_MS = 10_000;
/** Time one node has to show that it answers anything, in milliseconds. */
export const SIGN_TIMEOUT_MS = 1_000;
/**
 * After a wait is over nodes may still be asked for so long, in milliseconds, each for half of what is left of it: one that
 * stands still leaves time for the next, and one that answers is heard however short the wait.
 */
export const GRACE_MS = 1_000;
/** Time one node has for SEAL or COMPUTE: behind the answer stand rounds among all nodes. */
export const ROUND_TIMEOUT_MS = 60_000;
/** Time one node has for AUDIT, in milliseconds: it reads every row it has, and has its domain count theirs. */
export const AUDIT_TIMEOUT_MS = 120_000;
/** How long a command waits for a result when nobody says otherwise, in milliseconds. */
export const WAIT_MS_DEFAULT = 60_000;
/** Longest wait a caller may ask for, in milliseconds: a day, as long as the longest flag timeout. */
export const WAIT_MS_MAX = 86_400_000;
/** First and largest pause before the same question is asked again, in milliseconds. */
export const BACK_OFF_MS_FIRST = 100;
export const BACK_OFF_MS_MAX = 5_000;
/** Life of a bearer token, in seconds: long enough for one command, short enough that a leaked one ends soon. */
export const TOKEN_SECONDS = 300;
/** A token is renewed this long before its end, in milliseconds: the request still has to reach the node. */
export const TOKEN_RENEWAL_MS = 60_000;
/** Windows and groups one question may be about: nodes keep no more of a stream that is not erased. */
export const PARTS_MAX = 65_536;
/** Windows asked about at once: more would wait at the nodes instead of here. */
export const PARTS_AT_ONCE = 8;
/** Pause before `--follow` looks for new windows, in milliseconds. */
export const FOLLOW_MS = 2_000;
/** How long `--follow` asks for one window before it looks at the others again, in milliseconds. */
export const PART_WAIT_MS = 5_000;
