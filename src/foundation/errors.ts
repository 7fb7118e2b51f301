/**
 * Every operating error of the system. `status` is the HTTP status it travels with; `retry` says whether the
 * same request may succeed later. Codes are stable, messages are not; docs/ERRORS.md lists the same codes and
 * a test compares the two.
 */
export const ERROR_TABLE = {
  // What a person or program handed over.
  MALFORMED_TEXT: {
    status: 400,
    retry: false,
    meaning: 'Text that should be hex, base64url, UTF-8 or JSON is not.',
  },
  MALFORMED_BODY: {
    status: 400,
    retry: false,
    meaning: 'A binary body is truncated, too long or out of range.',
  },
  SCHEMA_MISMATCH: {
    status: 400,
    retry: false,
    meaning: 'A JSON body or document lacks a field, has an unknown one or a wrong type.',
  },
  UNSUPPORTED_VERSION: {
    status: 400,
    retry: false,
    meaning: 'The body, document or row has a format version this program does not know.',
  },
  BODY_TOO_LARGE: { status: 413, retry: false, meaning: 'The body is over the limit of its operation.' },
  UNKNOWN_OPERATION: { status: 404, retry: false, meaning: 'There is no operation at this method and path.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retry: false,
    meaning: 'The content type is not the one the operation takes.',
  },
  INVALID_ARGUMENT: {
    status: 400,
    retry: false,
    meaning: 'A command-line argument, option or setting is not usable.',
  },
  ELEMENT_OUT_OF_RANGE: { status: 400, retry: false, meaning: 'A field element is not below the modulus.' },
  WRONG_VECTOR_LENGTH: {
    status: 400,
    retry: false,
    meaning: 'A share does not have the number of elements its stream declares.',
  },
  WRONG_DOMAIN: {
    status: 403,
    retry: false,
    meaning: 'A share was sent to a domain other than the one its index belongs to.',
  },
  WRONG_NODE: {
    status: 421,
    retry: false,
    meaning: 'The node is neither owner nor acceptor of the partition it was asked about.',
  },
  // Sensors.
  PACKET_REFUSED: {
    status: 403,
    retry: false,
    meaning:
      'What a sensor sealed or signed does not open here: another key, domain, stream, window or content.',
  },
  RECEIPTS_REFUSED: {
    status: 403,
    retry: false,
    meaning:
      'A SET does not carry the receipt of every domain of its stream; this is not an outcome of the flag.',
  },
  // Readings.
  READING_NOT_A_NUMBER: { status: 400, retry: false, meaning: 'A reading is not a finite decimal number.' },
  READING_TOO_PRECISE: {
    status: 400,
    retry: false,
    meaning: 'A reading has more decimals than its field allows; it is never rounded.',
  },
  READING_OUT_OF_BOUNDS: {
    status: 400,
    retry: false,
    meaning: 'A reading lies outside the bounds its field declares.',
  },
  READING_ABORTED: {
    status: 499,
    retry: true,
    meaning: 'The caller gave up waiting for an upload before its outcome was known.',
  },
  READING_UNDECIDED: {
    status: 503,
    retry: true,
    meaning: 'The outcome of a reading is not known yet; ask again with its flag key.',
  },
  READING_ERRORED: {
    status: 409,
    retry: false,
    meaning: 'The flag of the reading is ERROR: it is not, and never will be, part of a result.',
  },
  RECORDS_UNSENT: {
    status: 503,
    retry: true,
    meaning:
      'Recorded readings were not committed; the details say how many are kept, undecided or in no result.',
  },
  MEASUREMENT_USED: {
    status: 409,
    retry: false,
    meaning: 'The measurement was given to a stream before; one measurement goes to one stream, once.',
  },
  // Flags, windows, streams.
  SHARE_CONFLICT: {
    status: 409,
    retry: false,
    meaning: 'The reading id was used before with another share.',
  },
  UNKNOWN_STREAM: { status: 404, retry: true, meaning: 'The node does not know the stream.' },
  STREAM_REFUSED: {
    status: 422,
    retry: false,
    meaning: 'A stream document breaks a rule; the message names it.',
  },
  STREAM_RETIRED: {
    status: 410,
    retry: false,
    meaning: 'The operator has retired the stream: it opens no window and takes no reading any more.',
  },
  CAPACITY_EXCEEDED: {
    status: 422,
    retry: false,
    meaning: 'The sums of the stream could exceed half the field.',
  },
  WINDOW_NOT_OPEN: { status: 409, retry: true, meaning: 'The window has not been opened.' },
  WINDOW_CONFLICT: { status: 409, retry: false, meaning: 'The window was opened with other terms.' },
  WINDOW_SEALED: {
    status: 409,
    retry: false,
    meaning: 'The window is sealed; this is not an outcome of a flag.',
  },
  WINDOW_ERASED: {
    status: 410,
    retry: false,
    meaning:
      'The window is past its retention: everything about its readings was erased. This is not "not held".',
  },
  WINDOW_FULL: {
    status: 409,
    retry: false,
    meaning: 'The window holds as many readings as its stream allows, or a domain has stored lists of more.',
  },
  SEAL_TOO_EARLY: {
    status: 409,
    retry: true,
    meaning: 'The window may not be sealed before the time fixed when it was opened.',
  },
  INCOMPLETE: {
    status: 409,
    retry: true,
    meaning: 'A result cannot be given yet, or never; the reason is in the message.',
  },
  WITHHELD: {
    status: 403,
    retry: false,
    meaning: 'A domain refuses to release the window; the reason is in the message.',
  },
  IMPOSSIBLE_AGGREGATE: {
    status: 500,
    retry: false,
    meaning: 'The combined sums contradict the stream; some domain or sensor did not follow the protocol.',
  },
  STATISTIC_UNDEFINED: {
    status: 422,
    retry: false,
    meaning: 'A statistic was asked for that these sums do not define; the message says why.',
  },
  SINGULAR_DESIGN: {
    status: 422,
    retry: false,
    meaning: 'The predictors of a regression are collinear; the message names them.',
  },
  // Ring and trust.
  STALE_EPOCH: {
    status: 409,
    retry: true,
    meaning:
      'The sender uses another ring document than the receiver; the newest one is attached where it helps.',
  },
  PLACEMENT_PENDING: {
    status: 409,
    retry: true,
    meaning:
      'The window belongs to a placement that is not in force yet: too few nodes have stored its ring document.',
  },
  RING_REFUSED: {
    status: 422,
    retry: false,
    meaning: 'A ring document breaks a rule; the message names it.',
  },
  RING_CONFLICT: {
    status: 409,
    retry: false,
    meaning: 'Two ring documents of one epoch exist; admission stops.',
  },
  SIGNATURE_INVALID: {
    status: 401,
    retry: false,
    meaning: 'A signed document does not carry a valid signature of the key it names.',
  },
  UNAUTHENTICATED: { status: 401, retry: false, meaning: 'The request carries no usable credential.' },
  FORBIDDEN: { status: 403, retry: false, meaning: 'The caller may not use this operation.' },
  SENSOR_UNKNOWN: {
    status: 403,
    retry: false,
    meaning: 'No enrolment authority that the domain trusts has enrolled the sensor for the stream.',
  },
  SENSOR_REVOKED: {
    status: 403,
    retry: false,
    meaning: 'The enrolment authority has revoked the sensor; its readings are refused for ever.',
  },
  ROSTER_REFUSED: {
    status: 422,
    retry: false,
    meaning: 'A batch of enrolments breaks a rule; the message names it.',
  },
  ROSTER_GAP: {
    status: 409,
    retry: true,
    meaning: 'The node lacks batches before this one; the details say which it expects next.',
  },
  // Running a node.
  ROW_CORRUPT: {
    status: 500,
    retry: false,
    meaning: 'A row on disk does not authenticate; it is never summed.',
  },
  STORE_FAILED: { status: 500, retry: true, meaning: 'The disk refused a write or a read; the node stops.' },
  STORE_IN_DOUBT: {
    status: 503,
    retry: true,
    meaning: 'The node does not trust what its store remembers and never votes again under its store id.',
  },
  STORE_LOCKED: { status: 500, retry: false, meaning: 'Another process uses the data folder.' },
  DATA_FOLDER_UNUSABLE: {
    status: 500,
    retry: false,
    meaning: 'The data folder cannot be created or written.',
  },
  ADDRESS_IN_USE: { status: 500, retry: false, meaning: 'Another process listens on the address.' },
  UNSOUND: {
    status: 500,
    retry: false,
    meaning: 'The doctor found something wrong that does not pass by itself; its report says what.',
  },
  NOT_READY: { status: 503, retry: true, meaning: 'The node is starting or stopping.' },
  RATE_LIMITED: {
    status: 429,
    retry: true,
    meaning: 'The sensor or its address asks more often than the node allows.',
  },
  OVERLOADED: { status: 503, retry: true, meaning: 'The node has as much work as its limits allow.' },
  UNREACHABLE: {
    status: 503,
    retry: true,
    meaning: 'No answer came from a node; the outcome of the request is unknown.',
  },
  DEADLINE_EXCEEDED: { status: 504, retry: true, meaning: 'The time allowed for the operation passed.' },
  INTERNAL: {
    status: 500,
    retry: true,
    meaning: 'The program failed in a way it did not foresee; the log has the details.',
  },
} as const satisfies Record<
  string,
  { readonly status: number; readonly retry: boolean; readonly meaning: string }
>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Facts a program may read from an error; never a share, a reading, a key, a token or a function of one. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** An operating error: something that can happen to a correct program. Its message says what was expected and what came. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  /** Whether the same request may succeed later. */
  get retry(): boolean {
    return ERROR_TABLE[this.code].retry;
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is EngineError {
  return error instanceof EngineError && codes.includes(error.code);
}
