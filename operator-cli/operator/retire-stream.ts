import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openRetirement } from '../../src/protocol/stream-retirement.ts';
import { type HandedOut, handOut } from './hand-out.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/**
 * Hands the signed end of a stream to every node of its domains; they pass it on. Repeating it is harmless, and
 * nothing takes it back.
 * @throws EngineError what opening the statement throws, `INVALID_ARGUMENT` for one about another stream, the
 * refusal of any node that answered; `UNREACHABLE` when no node of some domain took it
 */
export async function retireStream(
  ports: OperatorPorts,
  stream: StreamDocument,
  jws: string,
  options: CallOptions = {},
): Promise<HandedOut> {
  const { stream: named } = await openRetirement(jws, ports.verifier, ports.ring.operatorKey);
  if (named !== stream.hash) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected the retirement of stream ${stream.hash}, got the one of ${named}`,
    );
  }
  // A domain that refused the stream has nothing of it to end.
  return handOut(ports, stream, operations.RETIRE_STREAM, jws, { ...options, needless: ['UNKNOWN_STREAM'] });
}
