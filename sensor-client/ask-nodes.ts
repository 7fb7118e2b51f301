import { EngineError } from '../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../src/ports/index.ts';
import type { DomainId, NodeId, RingDocument } from '../src/ring/index.ts';
import { BACK_OFF, CIRCLES_MAX } from './limits.ts';

/** The ring's nodes, every domain's first before any second: the next one to ask is in another cloud. */
export function nodesByTurns(ring: RingDocument): readonly NodeId[] {
  const longest = Math.max(...ring.domains.map(({ nodes }) => nodes.length));
  return Array.from({ length: longest }, (_, row) =>
    ring.domains.flatMap(({ nodes }) => nodes[row]?.id ?? []),
  ).flat();
}

/** The nodes of some of its domains, in the ring's order. */
export function nodesOf(ring: RingDocument, domains: readonly DomainId[]) {
  return ring.domains.flatMap(({ domain, nodes }) =>
    domains.includes(domain) ? nodes.map(({ id }) => ({ domain, id })) : [],
  );
}

/**
 * Asks one node after the other, from a random one on, until one helps. After each full circle it waits with
 * full jitter, and gives up after {@link CIRCLES_MAX} circles or one in which no refusal could pass.
 * @throws the last failure of the most telling kind: one that no retry would change, else the last one
 */
export async function askAnyNode<T>(
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
  nodes: readonly NodeId[],
  ask: (node: NodeId) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const start = Math.floor(fraction(ports.randomBytes) * nodes.length);
  let told: EngineError | undefined;
  for (let circle = 0; circle < CIRCLES_MAX; circle++) {
    let hope = false;
    for (let i = 0; i < nodes.length; i++) {
      signal.throwIfAborted();
      const node = nodes[(start + i) % nodes.length];
      if (node === undefined) continue;
      try {
        return await ask(node);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        hope ||= error.retry;
        if (told === undefined || told.retry) told = error;
      }
    }
    if (!hope) break;
    const waitMs = Math.min(BACK_OFF.capMs, BACK_OFF.baseMs * 2 ** circle) * fraction(ports.randomBytes);
    if (circle + 1 < CIRCLES_MAX) await ports.clock.sleep(waitMs, signal);
  }
  throw told ?? new EngineError('UNREACHABLE', 'expected a node to ask, got none');
}

function fraction(randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(2);
  return (high * 256 + low) / 65_536;
}
