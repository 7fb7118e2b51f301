import type { Socket } from 'node:net';
import { EngineError, InvariantViolation } from '../../src/foundation/index.ts';
import type { Log, LogFields } from '../../src/ports/index.ts';
import { PROBLEM_CONTENT_TYPE, problemOf } from '../../src/protocol/index.ts';

/** What Fastify itself refuses, in our codes; every other error of its is a mistake of this program. */
export function toEngineError(error: unknown): unknown {
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new EngineError(
        'BODY_TOO_LARGE',
        'expected a body within the limit of the operation, got a larger one',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new EngineError(
        'UNSUPPORTED_MEDIA_TYPE',
        'expected the content type of the operation, got another',
      );
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new EngineError('MALFORMED_BODY', 'expected as many bytes as the content-length header says');
    case 'FST_ERR_BAD_URL':
      return new EngineError(
        'UNKNOWN_OPERATION',
        'expected the path of an operation, got one that does not decode',
      );
    default:
      return error;
  }
}

/** Nobody hears of it; what works for the client ends with it. */
export function hungUp(): EngineError {
  return new EngineError('UNREACHABLE', 'the client hung up');
}

/**
 * Logs an error that the answer hides. Messages are ours only where the error is ours: those of other
 * libraries quote what they choke on, and that could be a share. Their stack frames cannot.
 */
export function logFailure(log: Log, error: unknown, fields: LogFields): void {
  if (error instanceof EngineError) {
    // Told once for all, as the reason of the stop, and not by every request that was waiting.
    if (error.status === 500 && error.details.stops !== true)
      log.error('operation failed', { ...fields, code: error.code, reason: error.message });
    return;
  }
  const ours = error instanceof InvariantViolation;
  log.error('operation failed in an unforeseen way', {
    ...fields,
    name: error instanceof Error ? error.name : typeof error,
    code: codeOf(error) ?? null,
    reason: ours ? error.message : null,
    frames: error instanceof Error ? framesOf(error) : null,
  });
}

/**
 * Answers bytes that are not HTTP, or not within the header limit; Node knows no request to answer. Whatever else
 * ends a connection is no fault of a request and gets no answer: what is written to a handshake that took too long
 * would reach a slow client as the refusal of a request that was never read.
 */
export function answerClientError(error: Error, socket: Socket): void {
  if (codeOf(error)?.startsWith('HPE_') === true && socket.writable) {
    const { body } = problemOf(
      new EngineError('MALFORMED_TEXT', 'expected an HTTP/1.1 request with small headers'),
    );
    socket.write(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
    );
    socket.write(body);
  }
  socket.destroySoon();
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 10)
    .join('\n');
}
