import type { RingDocument } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import { contextOf } from './window-operations.ts';

/** BARRIER: whoever has the document of a new placement serves its windows under no older one. */
export interface BarrierChecker {
  /** The operator makes the next document. */
  made(ring: RingDocument): void;
  /** A ring document has become durable at a node. */
  stored(node: string, row: { readonly epoch: number; readonly promised: boolean }, now: number): void;
  /** What the node had is gone from its disk, and with it what it was told. */
  lost(node: string): void;
  answered(exchange: Exchange): void;
  /** Whether the document of that epoch is on the node's disk. */
  holds(node: string, epoch: number): boolean;
  /** Whether the node had promised the placement of that document by that time. */
  promisedBy(node: string, epoch: number, time: number): boolean;
}

export function createBarrierChecker(violation: (what: string) => void): BarrierChecker {
  const documents: RingDocument[] = [];
  /** Per node since when it has each document on its disk, and since when its promise. */
  const durable = new Map<string, Map<number, number>>();
  const promised = new Map<string, Map<number, number>>();

  return {
    made(ring) {
      // Another one of its epoch is made only where nobody has the first.
      const before = documents.findIndex(({ epoch }) => epoch === ring.epoch);
      documents.splice(before < 0 ? documents.length : before, 1, ring);
    },
    stored(node, row, now) {
      first(durable, node, row.epoch, now);
      if (row.promised) first(promised, node, row.epoch, now);
    },
    lost: (node) => void durable.delete(node),
    answered(exchange) {
      const since = durable.get(exchange.to);
      if (documents.length === 0 || since === undefined || exchange.response.status !== 200) return;
      const context = contextOf(exchange);
      if (context === undefined) return;
      const placing = documents.findLast(
        ({ epoch, placementFrom }) =>
          placementFrom <= context.window && (since.get(epoch) ?? exchange.arrivedAt) < exchange.arrivedAt,
      );
      if (placing !== undefined && context.placementEpoch < placing.placementEpoch) {
        violation(
          `BARRIER: ${exchange.to} answers ${exchange.request.path} of window ${context.window} under the placement of epoch ${context.placementEpoch}`,
        );
      }
    },
    holds: (node, epoch) => durable.get(node)?.has(epoch) === true,
    promisedBy: (node, epoch, time) => (promised.get(node)?.get(epoch) ?? Number.POSITIVE_INFINITY) <= time,
  };
}

function first(times: Map<string, Map<number, number>>, node: string, epoch: number, now: number): void {
  const known = times.get(node) ?? new Map<number, number>();
  times.set(node, known);
  if (!known.has(epoch)) known.set(epoch, now);
}
