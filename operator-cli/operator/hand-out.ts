import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Operation } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { type AskedNode, askNode, nodesOf } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** Who took a document. `missed` lists nodes that did not answer; they learn it from their peers or a repetition. */
export interface HandedOut {
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

export interface HandOutOptions extends CallOptions {
  /** What to do about a document that some nodes took and others refuse. */
  readonly refused?: string;
  /** Refusals of nodes that need not have the document. */
  readonly needless?: readonly ErrorCode[];
}

/**
 * Hands a signed document to every node of a stream's domains. Repeating it is harmless.
 * @throws EngineError the refusal of any node that answered; `UNREACHABLE` when no node of some domain took it
 */
export async function handOut(
  ports: OperatorPorts,
  stream: StreamDocument,
  operation: Operation<{ document: string }, unknown>,
  document: string,
  { refused, needless = [], ...options }: HandOutOptions,
): Promise<HandedOut> {
  const nodes = nodesOf(
    ports.ring,
    stream.domains.map(({ id }) => id),
  );
  const call = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  const answers = await Promise.all(
    nodes.map(async (asked): Promise<{ readonly asked: AskedNode; readonly error?: unknown }> => {
      try {
        await askNode(ports, asked, operation, { document }, call);
        return { asked };
      } catch (error) {
        return { asked, error };
      }
    }),
  );
  options.signal?.throwIfAborted();
  const taken = answers.flatMap(({ asked, error }) => (error === undefined ? [asked] : []));
  const missed: { node: NodeId; code: ErrorCode }[] = [];
  const reached = new Set(taken.map(({ domain }) => domain));
  for (const { asked, error } of answers) {
    if (error === undefined) continue;
    if (taken.length > 0 && hasCode(error, ...needless)) reached.add(asked.domain);
    else if (hasCode(error, ...ABSENT)) missed.push({ node: asked.node, code: error.code });
    else throw withAdvice(error);
  }
  for (const { id } of stream.domains) {
    // One that has left the ring hears of it from the nodes that are in it.
    if (reached.has(id) || nodesOf(ports.ring, [id]).length === 0) continue;
    const silent = missed.map(({ node }) => node).join(', ');
    throw withAdvice(
      new EngineError(
        'UNREACHABLE',
        `expected a node of domain ${id} to take it, got no answer from ${silent}`,
      ),
    );
  }

  function withAdvice(error: unknown): unknown {
    if (!(error instanceof EngineError) || refused === undefined || taken.length === 0) return error;
    const others = `${taken.length} of ${nodes.length} nodes took it`;
    return new EngineError(error.code, `${error.message}; ${others}: ${refused}`, error.details);
  }

  return { taken: taken.map(({ node }) => node), missed };
}
