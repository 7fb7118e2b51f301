import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { Operation } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, RingDocument } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/call-operation.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** A node and the domain whose token it takes. */
export interface AskedNode {
  readonly node: NodeId;
  readonly domain: DomainId;
}

/** The nodes of the named domains, domain by domain, in the ring document's order. */
export function nodesOf(ring: RingDocument, domains: readonly DomainId[]): readonly AskedNode[] {
  return domains.flatMap((domain) => {
    const section = ring.domains.find((candidate) => candidate.domain === domain);
    return (section?.nodes ?? []).map(({ id }) => ({ node: id, domain }));
  });
}

/** All nodes of the ring, in its order. */
export function everyNode(ring: RingDocument): readonly AskedNode[] {
  return nodesOf(
    ring,
    ring.domains.map(({ domain }) => domain),
  );
}

/** Nodes of the ring, every domain's first node before any second one: the next to ask is in another cloud. */
export function nodesByTurns(ring: RingDocument): readonly AskedNode[] {
  const columns = ring.domains.map(({ domain }) => nodesOf(ring, [domain]));
  const longest = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: longest }, (_, row) => columns.flatMap((column) => column[row] ?? [])).flat();
}

/** Asks one node, with its domain's token where the operation wants one. */
export async function askNode<Q, R>(
  ports: OperatorPorts,
  asked: AskedNode,
  operation: Operation<Q, R>,
  request: Q,
  options: CallOptions & { readonly timeoutMs: number },
): Promise<R> {
  const token = operation.audience === 'operator' ? await ports.tokenFor(asked.domain) : undefined;
  return callOperation(ports.transport, asked.node, operation, request, options, token);
}

/** Why a node did not answer. */
export interface Unanswered {
  readonly failure: { readonly code: ErrorCode; readonly message: string };
}

/** What a node answers, or why it does not: of one that is down, the others are no less worth asking. */
export async function answerOrReason<T>(
  { signal }: CallOptions,
  answer: () => Promise<T>,
): Promise<T | Unanswered> {
  try {
    return await answer();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EngineError)) throw error;
    return { failure: { code: error.code, message: error.message } };
  }
}

/** What a node says of its own disk is less telling than what others say of the thing that was asked for. */
const ONE_DISK: ErrorCode = 'ROW_CORRUPT';

/**
 * Asks the nodes one after the other, from the given turn on, until one answers.
 * @throws EngineError of the most telling refusal when none answers: one that no retry would change, else the
 * last; or the signal's reason
 */
export async function askAnyNode<Q, R>(
  ports: OperatorPorts,
  nodes: readonly AskedNode[],
  operation: Operation<Q, R>,
  request: Q,
  options: CallOptions & { readonly timeoutMs: number; readonly turn?: number },
): Promise<R> {
  const { turn = 0, ...call } = options;
  let told: EngineError | undefined;
  for (let i = 0; i < nodes.length; i++) {
    options.signal?.throwIfAborted();
    const asked = nodes[(turn + i) % nodes.length];
    if (asked === undefined) continue;
    try {
      return await askNode(ports, asked, operation, request, call);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof EngineError)) throw error;
      if (told === undefined || told.retry || told.code === ONE_DISK) told = error;
    }
  }
  throw told ?? new EngineError('UNREACHABLE', 'expected a node to ask, got none');
}
