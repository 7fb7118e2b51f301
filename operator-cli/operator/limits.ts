/** Time one node has to answer a question about a document or its own state, in milliseconds. */
export const QUESTION_TIMEOUT_MS = 10_000;
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
