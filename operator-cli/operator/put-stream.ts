import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument } from '../../src/protocol/stream-document.ts';
import { type HandedOut, handOut } from './hand-out.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** A stream at its nodes. */
export interface PlacedStream extends HandedOut {
  readonly stream: StreamDocument;
}

/**
 * Hands a signed stream document to every node of its domains. Repeating it is harmless.
 * @throws EngineError the rule the document breaks, before anything is sent; the refusal of any node that
 * answered; `UNREACHABLE` when no node of some domain took it
 */
export async function putStream(
  ports: OperatorPorts,
  jws: string,
  options: CallOptions = {},
): Promise<PlacedStream> {
  const stream = await openStreamDocument(jws, ports.verifier, ports.ring);
  return { stream, ...(await handOut(ports, stream, operations.PUT_STREAM, jws, options)) };
}
