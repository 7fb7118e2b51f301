import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes, Transport } from '../../src/ports/index.ts';
import type { RosterBatch } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, RingDocument } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/call-operation.ts';
import { createWatchfulTransport } from '../../src/rounds/watchful-transport.ts';
import { repeatUntil } from '../operator/back-off.ts';
import { QUESTION_TIMEOUT_MS } from '../operator/limits.ts';

/** How long a busy node is asked again, in milliseconds. */
const BUSY_WAIT_MS = 15_000;

export interface RosterPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** What a node made of the log: how far it has it, or why not. */
export interface RosterPush {
  readonly node: NodeId;
  readonly domain: DomainId;
  readonly sequence?: number;
  readonly code?: ErrorCode;
  readonly reason?: string;
}

/**
 * Brings a log to every node of the ring at once: the newest batch first, and where a node lacks some before it,
 * those too. A node that does not answer gets it from its peers, and one that stands still is not waited for.
 */
export function pushRoster(
  given: RosterPorts,
  ring: RingDocument,
  batches: readonly RosterBatch[],
  signal: AbortSignal,
): Promise<readonly RosterPush[]> {
  const ports = { ...given, transport: createWatchfulTransport(given.transport, given.clock) };
  const nodes = ring.domains.flatMap(({ domain, nodes }) => nodes.map(({ id }) => ({ node: id, domain })));
  return Promise.all(
    nodes.map(async ({ node, domain }) => {
      try {
        return { node, domain, sequence: await pushPatiently(ports, node, batches, signal) };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EngineError)) throw error;
        return { node, domain, code: error.code, reason: error.message };
      }
    }),
  );
}

/**
 * One node of a domain tells the others; a domain of which none has it does not know of the change.
 * @throws EngineError `UNREACHABLE`, or the refusal where there is one
 */
export function requireReached(pushed: readonly RosterPush[]): void {
  const reached = new Set(pushed.filter(({ code }) => code === undefined).map(({ domain }) => domain));
  const missed = pushed.find(({ domain }) => !reached.has(domain));
  if (missed === undefined) return;
  throw new EngineError(
    missed.code ?? 'UNREACHABLE',
    `expected a node of domain ${missed.domain} to take the roster: ${missed.reason ?? 'no answer'}`,
  );
}

/** A busy node is asked again for a while; one that does not answer gets the log from its peers. */
async function pushPatiently(
  ports: RosterPorts,
  node: NodeId,
  batches: readonly RosterBatch[],
  signal: AbortSignal,
): Promise<number> {
  let last: unknown;
  const attempt = async (): Promise<number | undefined> => {
    try {
      return await pushTo(ports.transport, node, batches, signal);
    } catch (error) {
      if (!hasCode(error, 'OVERLOADED', 'RATE_LIMITED', 'NOT_READY')) throw error;
      last = error;
      return undefined;
    }
  };
  const sequence = await repeatUntil(ports, attempt, { waitMs: BUSY_WAIT_MS, signal });
  if (sequence === undefined) throw last;
  return sequence;
}

async function pushTo(
  transport: Transport,
  node: NodeId,
  batches: readonly RosterBatch[],
  signal: AbortSignal,
): Promise<number> {
  const options = { timeoutMs: QUESTION_TIMEOUT_MS, signal };
  const put = (document: string) =>
    callOperation(transport, node, operations.PUT_ROSTER, { document }, options);
  let place = batches.length - 1;
  let sequence = 0;
  while (place < batches.length) {
    const batch = batches[place];
    if (batch === undefined) break;
    try {
      ({ sequence } = await put(batch.jws));
      place += 1;
    } catch (error) {
      const expected = error instanceof EngineError ? Number(error.details.expected) : Number.NaN;
      // Only ever backwards: a node that asks for something else than what it lacks is not followed.
      if (!(error instanceof EngineError && error.code === 'ROSTER_GAP' && expected <= place)) throw error;
      place = expected - 1;
    }
  }
  return sequence;
}
