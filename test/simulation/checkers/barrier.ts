import type { RingDocument } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import { contextOf } from './window-operations.ts';

/** BARRIER: whoever has the document of a new placement serves its windows under no older one. */
export interface BarrierChecker {
  /** The operator makes the next document. */
  made(ring: RingDocument): void;
  /** A ring document has become durable at a node. */
  stored(node: string, row: { readonly epoch: number; readonly promised: boolean }, now: number): void;
  answered(exchange: Exchange): void;
  /** Whether each of the nodes had promised the placement by that time. */
  promisedBy(nodes: readonly string[], time: number): boolean;
}

export function createBarrierChecker(violation: (what: string) => void): BarrierChecker {
  let next: RingDocument | undefined;
  /** Since when each node has the document on its disk, and since when its promise. */
  const durable = new Map<string, number>();
  const promised = new Map<string, number>();

  return {
    made(ring) {
      next = ring;
    },
    stored(node, row, now) {
      if (row.epoch !== next?.epoch) return;
      if (!durable.has(node)) durable.set(node, now);
      if (row.promised && !promised.has(node)) promised.set(node, now);
    },
    answered(exchange) {
      const since = durable.get(exchange.to);
      if (next === undefined || since === undefined || exchange.arrivedAt <= since) return;
      if (exchange.response.status !== 200) return;
      const context = contextOf(exchange);
      if (context === undefined || context.window < next.placementFrom) return;
      if (context.placementEpoch !== next.placementEpoch) {
        violation(
          `BARRIER: ${exchange.to} answers ${exchange.request.path} of window ${context.window} under the placement of epoch ${context.placementEpoch}`,
        );
      }
    },
    promisedBy: (nodes, time) =>
      nodes.every((node) => (promised.get(node) ?? Number.POSITIVE_INFINITY) <= time),
  };
}
