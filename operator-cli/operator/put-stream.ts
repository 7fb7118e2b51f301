import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument } from '../../src/protocol/stream-document.ts';
import { type HandedOut, handOut } from './hand-out.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';
import { listStreams } from './read-streams.ts';

/** A stream at its nodes. */
export interface PlacedStream extends HandedOut {
  readonly stream: StreamDocument;
}

export interface PutOptions extends CallOptions {
  /** Refuse a name that another stream has which is not retired: commands take it for the one stream of that name. */
  readonly newName?: boolean;
}

/**
 * Hands a signed stream document to every node of its domains. Repeating it is harmless.
 * @throws EngineError the rule the document breaks, or that its name is taken, before anything is sent; the refusal of any node that
 * answered; `UNREACHABLE` when no node of some domain took it
 */
export async function putStream(
  ports: OperatorPorts,
  jws: string,
  { newName = false, ...options }: PutOptions = {},
): Promise<PlacedStream> {
  const stream = await openStreamDocument(jws, ports.verifier, ports.ring);
  if (newName) await checkName(ports, stream, options);
  return { stream, ...(await handOut(ports, stream, operations.PUT_STREAM, jws, options)) };
}

async function checkName(
  ports: OperatorPorts,
  { name, hash }: StreamDocument,
  options: CallOptions,
): Promise<void> {
  const streams = await listStreams(ports, options);
  const other = streams.find((one) => one.name === name && one.stream !== hash && one.retired !== true);
  if (other === undefined) return;
  throw new EngineError(
    'STREAM_REFUSED',
    `expected a name that no other stream has, got ${name}, which is stream ${other.stream}; choose another one, or retire that stream first`,
  );
}
