import { EngineError, explainedCode } from '../foundation/index.ts';

/**
 * The error of a request that a node did not answer.
 * @param cause a code of the platform or of our own, such as ECONNREFUSED or TIMEOUT.
 */
export function noAnswer(nodeId: string, cause: string): EngineError {
  const message = `no answer from node ${nodeId}: ${explainedCode(cause)}`;
  return new EngineError('UNREACHABLE', message, { node: nodeId, cause });
}
