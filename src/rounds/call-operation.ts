import { EngineError, fromUtf8 } from '../foundation/index.ts';
import type { Transport, TransportOptions } from '../ports/index.ts';
import type { Operation } from '../protocol/index.ts';
import { errorFromProblem } from '../protocol/problem.ts';

export interface CallOptions extends TransportOptions {
  /** Hears the content type of a good answer, whose parameters say which store answered. */
  readonly onAnswer?: (contentType: string) => void;
}

/**
 * Asks a node one operation and reads its answer.
 * @param token bearer token of an operator's request.
 * @throws EngineError of the code the node answered, `UNREACHABLE` when no answer came, or a decoding error
 * when the answer is not what the operation promises.
 */
export async function callOperation<Q, R>(
  transport: Transport,
  nodeId: string,
  operation: Operation<Q, R>,
  request: Q,
  options: CallOptions,
  token?: string,
): Promise<R> {
  const body = operation.request.encode(request);
  const inQuery = operation.method === 'GET';
  const response = await transport.send(
    nodeId,
    {
      method: operation.method,
      path: inQuery ? operation.path + queryOf(body) : operation.path,
      body: inQuery ? new Uint8Array(0) : body,
      contentType: operation.request.contentType,
      ...(token === undefined ? {} : { token }),
    },
    options,
  );
  if (response.status !== 200) throw errorFromProblem(response.status, response.body, response.contentType);
  if (response.contentType.split(';')[0] !== operation.response.contentType) {
    throw new EngineError(
      'MALFORMED_BODY',
      `expected an answer of ${operation.response.contentType}, got ${response.contentType.slice(0, 60)}`,
    );
  }
  const answer = operation.response.decode(response.body);
  options.onAnswer?.(response.contentType);
  return answer;
}

/** The query string of a request whose JSON is an object of strings. */
function queryOf(json: Uint8Array): string {
  if (json.length === 0) return '';
  return `?${new URLSearchParams(JSON.parse(fromUtf8(json)) as Record<string, string>)}`;
}
