import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument } from '../../src/protocol/stream-document.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { type AskedNode, askNode, nodesOf } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** A stream at its nodes. `missed` lists those that did not answer; they learn it from their peers or a repetition. */
export interface PlacedStream {
  readonly stream: StreamDocument;
  readonly taken: readonly NodeId[];
  readonly missed: readonly { readonly node: NodeId; readonly code: ErrorCode }[];
}

/** What a node that is down, starting or drowning answers with; everything else is its judgement. */
const ABSENT = [
  'UNREACHABLE',
  'NOT_READY',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
] as const satisfies readonly ErrorCode[];

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
  const nodes = nodesOf(
    ports.ring,
    stream.domains.map(({ id }) => id),
  );
  const answers = await Promise.all(nodes.map((asked) => offer(ports, asked, jws, options)));
  options.signal?.throwIfAborted();
  const taken: AskedNode[] = [];
  const missed: { node: NodeId; code: ErrorCode }[] = [];
  for (const { asked, error } of answers) {
    if (error === undefined) taken.push(asked);
    else if (hasCode(error, ...ABSENT)) missed.push({ node: asked.node, code: error.code });
    else throw error;
  }
  for (const { id } of stream.domains) {
    if (taken.some(({ domain }) => domain === id)) continue;
    throw new EngineError(
      'UNREACHABLE',
      `expected a node of domain ${id} to take the stream, got no answer from ${missed.map(({ node }) => node).join(', ')}`,
    );
  }
  return { stream, taken: taken.map(({ node }) => node), missed };
}

async function offer(
  ports: OperatorPorts,
  asked: AskedNode,
  document: string,
  options: CallOptions,
): Promise<{ readonly asked: AskedNode; readonly error?: unknown }> {
  try {
    await askNode(
      ports,
      asked,
      operations.PUT_STREAM,
      { document },
      { ...options, timeoutMs: QUESTION_TIMEOUT_MS },
    );
    return { asked };
  } catch (error) {
    return { asked, error };
  }
}
