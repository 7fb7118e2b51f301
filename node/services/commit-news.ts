import { operations } from '../../src/protocol/index.ts';
import type { NodeId, StoreId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { CallPeer } from '../engine/peers.ts';
import { collect, silence } from '../engine/peers.ts';

export interface CommitNewsComponents {
  readonly journal: Journal;
  readonly callPeer: CallPeer;
  readonly self: { readonly nodeId: NodeId; readonly storeId: StoreId };
}

/**
 * How far this node's disk has come, told to others. The store beneath can lose its newest commit groups without an
 * error; a start finds that out only from nodes that have heard of them.
 */
export interface CommitNews {
  /** Resolves when one of the nodes knows of everything that is on disk here, or none of them answers. */
  tell(nodes: readonly NodeId[]): Promise<void>;
}

export function createCommitNews({ journal, callPeer, self }: CommitNewsComponents): CommitNews {
  const told = new Map<NodeId, number>();
  const underWay = new Map<NodeId, Promise<void>>();

  /** One call at a time for a node: those who wait meanwhile share the next one. */
  async function tellOne(node: NodeId, commitSeq: number): Promise<true> {
    while ((told.get(node) ?? 0) < commitSeq) {
      const before = underWay.get(node);
      const call = before ?? send(node).finally(() => underWay.delete(node));
      underWay.set(node, call);
      await call;
    }
    return true;
  }

  async function send(node: NodeId): Promise<void> {
    const commitSeq = journal.commitSeq();
    await callPeer(node, operations.COMMITTED, { storeId: self.storeId, commitSeq });
    told.set(node, commitSeq);
  }

  return {
    async tell(nodes) {
      const commitSeq = journal.commitSeq();
      const others = nodes.filter((node) => node !== self.nodeId);
      await collect(
        others.map((node) => tellOne(node, commitSeq).catch((error: unknown) => silence(error))),
        (some) => some.length > 0,
      );
    },
  };
}
