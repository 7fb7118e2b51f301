import { bigEndian, concat, fromUtf8, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import { nodeId, storeId } from '../../src/ring/identifiers.ts';
import type { NodeId, StoreId } from '../../src/ring/index.ts';
import type { RowSeal } from './row-seal.ts';
import { pagesOf, SCAN_PAGE_ROWS } from './tables.ts';

/** Of rows, one for every store that a node of the ring has had. */
const SEEN = utf8('S');

/** A store and the highest commit group that one of its replies showed. */
export interface StoreStamp {
  readonly storeId: StoreId;
  readonly commitSeq: number;
}

/**
 * What this node has seen of the other nodes' stores. It is what tells a store that was restored from an old
 * copy, or whose tail was lost, from one that is whole: the store itself can't know.
 */
export interface PeerMemory {
  /** Why the store that holds it can't be trusted, or null. */
  readonly doubt: string | null;
  /** Notes the stamp of a reply; written with the next commit, never one of its own. */
  note(node: NodeId, stamp: StoreStamp): void;
  /** The highest stamp seen of the node's store of that name. */
  recall(node: NodeId, store: StoreId): number;
  /** The writes of what was noted since they were last taken. */
  takeWrites(): readonly StoreOperation[];
}

export async function openPeerMemory(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
): Promise<PeerMemory> {
  const seen = new Map<string, number>();
  const changed = new Map<string, { node: NodeId; stamp: StoreStamp }>();
  const nameOf = (node: NodeId, id: StoreId): string => `${node}/${id}`;
  let doubt: string | null = null;
  const rows = { from: SEEN, to: utf8('T'), limit: SCAN_PAGE_ROWS };
  for await (const page of pagesOf(store, 'meta', rows)) {
    for (const [key, sealed] of page) {
      const plain = rowSeal.open(storeKey, 'meta', key, sealed);
      if (plain === null) {
        // The number is gone, and a disk that damaged this row may have damaged a vote.
        doubt = 'what it remembers of another store does not authenticate';
        continue;
      }
      const [node = '', id = ''] = fromUtf8(key.slice(SEEN.length)).split('/');
      const view = new DataView(plain.buffer, plain.byteOffset, 8);
      seen.set(nameOf(nodeId(node), storeId(id)), Number(view.getBigUint64(0)));
    }
  }

  return {
    doubt,
    note(node, stamp) {
      const name = nameOf(node, stamp.storeId);
      if (stamp.commitSeq <= (seen.get(name) ?? 0)) return;
      seen.set(name, stamp.commitSeq);
      changed.set(name, { node, stamp });
    },
    recall: (node, id) => seen.get(nameOf(node, id)) ?? 0,
    takeWrites() {
      const writes = [...changed.values()].map(({ node, stamp }): StoreOperation => {
        const key = concat(SEEN, utf8(nameOf(node, stamp.storeId)));
        return {
          kind: 'put',
          table: 'meta',
          key,
          value: rowSeal.seal(storeKey, 'meta', key, bigEndian(stamp.commitSeq, 8)),
        };
      });
      changed.clear();
      return writes;
    },
  };
}

/** The stamp as parameters of a media type, so that every reply between nodes carries it. */
export function stampContentType(contentType: string, { storeId: id, commitSeq }: StoreStamp): string {
  return `${contentType}; store=${id}; seq=${commitSeq}`;
}

/** Reads {@link stampContentType} back; null where a reply has no stamp. */
export function stampOf(contentType: string): StoreStamp | null {
  const found = /; store=([0-9a-f]{32}); seq=(\d{1,15})$/.exec(contentType);
  if (found?.[1] === undefined || found[2] === undefined) return null;
  return { storeId: storeId(found[1]), commitSeq: Number(found[2]) };
}
