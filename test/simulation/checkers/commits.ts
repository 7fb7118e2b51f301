import { operations } from '../../../src/protocol/index.ts';
import type { StoreId } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import type { DiskRows } from './disk-rows.ts';

/** DURABLE: the number of a commit that a node tells, by which others find out what its store has lost, is on its disk. */
export interface CommitChecker {
  /** A row of the table of documents has become durable. */
  stored(node: CommittingNode, key: Uint8Array): void;
  answered(exchange: Exchange): void;
}

export interface CommittingNode {
  readonly node: string;
  readonly rows: Pick<DiskRows, 'commitNumber' | 'hasCommitFrom'>;
  /** The store it runs on; undefined before it has a document. */
  storeId(): StoreId | undefined;
}

/** What an answer between nodes says at the end of its media type: docs/PROTOCOL.md. */
const STAMP = /; store=([0-9a-f]{32}); seq=(\d+)$/;

export function createCommitChecker(
  nodes: readonly CommittingNode[],
  violation: (what: string) => void,
): CommitChecker {
  /** Per node and store the highest commit that was ever on the disk. */
  const highest = new Map<string, number>();

  /** What a node says of itself is compared with its disk as it is, also where that has gone back to an old copy. */
  function check(node: CommittingNode, store: string, commitSeq: number, where: string): void {
    if (store !== node.storeId())
      violation(`DURABLE: ${node.node} tells in ${where} a commit of another store than its own`);
    else if (commitSeq > 0 && !node.rows.hasCommitFrom(commitSeq))
      violation(`DURABLE: ${node.node} tells in ${where} commit ${commitSeq}, which is not on its disk`);
  }

  /** A message may arrive when its sender's disk is another one. */
  function watchNews({ from, request }: Exchange): void {
    const { storeId, commitSeq } = operations.COMMITTED.request.decode(request.body);
    if (commitSeq > (highest.get(`${from}/${storeId}`) ?? 0))
      violation(`DURABLE: ${from} tells in ${request.path} commit ${commitSeq}, which was never on its disk`);
  }

  return {
    stored(node, key) {
      const number = node.rows.commitNumber(key);
      if (number === undefined) return;
      const name = `${node.node}/${node.storeId()}`;
      highest.set(name, Math.max(highest.get(name) ?? 0, number));
    },
    answered(exchange) {
      const { request, response, to } = exchange;
      const node = nodes.find((one) => one.node === to);
      if (node === undefined) return;
      const stamp = STAMP.exec(response.contentType);
      if (stamp !== null) check(node, stamp[1] ?? '', Number(stamp[2]), request.path);
      if (response.status !== 200) return;
      if (request.path === operations.COMMITTED.path) watchNews(exchange);
      if (request.path === operations.FREEZE.path) {
        const { storeId, commitSeq } = operations.FREEZE.response.decode(response.body);
        check(node, storeId, commitSeq, request.path);
      }
    },
  };
}
