import {
  EngineError,
  ERROR_TABLE,
  type ErrorCode,
  type ErrorDetails,
  fromUtf8,
  isErrorCode,
  printable,
  Type,
  utf8,
  validatorOf,
} from '../foundation/index.ts';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';
/** A problem's `type` is this and the code: a stable name, not an address somebody has to keep alive. */
export const PROBLEM_TYPE_PREFIX = 'urn:m-cloud:error:';

/** Unknown members are allowed, as RFC 9457 asks; a problem is not a signed document. */
const PROBLEM = validatorOf(
  Type.Object({
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    ),
  }),
);

export interface ProblemAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Any error as an RFC 9457 document: `{ type, title, status, detail, code, details }`.
 *
 * An error that is not an {@link EngineError} becomes INTERNAL, and every error of status 500 loses its message
 * and details: they speak of folders, addresses and program text, which the node's own log has and a
 * stranger should not.
 */
export function problemOf(error: unknown): ProblemAnswer {
  const code: ErrorCode = error instanceof EngineError ? error.code : 'INTERNAL';
  const { status, meaning } = ERROR_TABLE[code];
  const shown = error instanceof EngineError && status !== 500 ? error : undefined;
  const problem = {
    type: PROBLEM_TYPE_PREFIX + code,
    title: meaning,
    status,
    detail: shown?.message ?? meaning,
    code,
    details: shown?.details ?? {},
  };
  return { status, body: utf8(JSON.stringify(problem)) };
}

/**
 * The error that an answer of status 400 or above stands for. An answer that is no problem document of ours
 * comes from something in between (a proxy, another program) and is judged by its status alone.
 */
export function errorFromProblem(status: number, body: Uint8Array, contentType: string): EngineError {
  const problem = parseProblem(body, contentType);
  if (problem === undefined) {
    const code = codeOfBareStatus(status);
    return new EngineError(code, `expected a problem document, got status ${status} without one`, { status });
  }
  return new EngineError(problem.code, problem.message, problem.details);
}

function parseProblem(
  body: Uint8Array,
  contentType: string,
): { code: ErrorCode; message: string; details: ErrorDetails } | undefined {
  if (mediaTypeOf(contentType) !== PROBLEM_CONTENT_TYPE) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(body));
  } catch {
    return undefined;
  }
  if (!PROBLEM.check(json) || !isErrorCode(json.code)) return undefined;
  return {
    code: json.code,
    message: printable(json.detail ?? ERROR_TABLE[json.code].meaning),
    details: json.details ?? {},
  };
}

/** The media type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function codeOfBareStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'UNKNOWN_OPERATION';
    case 413:
      return 'BODY_TOO_LARGE';
    case 415:
      return 'UNSUPPORTED_MEDIA_TYPE';
    case 429:
      return 'RATE_LIMITED';
    // A proxy that could not reach the node, or gave up on it: whether the node acted is unknown.
    case 408:
    case 502:
    case 503:
    case 504:
      return 'UNREACHABLE';
    default:
      return 'INTERNAL';
  }
}
