import { fromBase64Url } from '../../../src/foundation/index.ts';
import type { DecisionName, WindowScope } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { DomainId, StoreId } from '../../../src/ring/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import type { DiskRows } from './disk-rows.ts';
import { createVoteHistory, type Voter } from './votes.ts';

export interface VotingNode {
  readonly node: string;
  readonly domain: DomainId;
  readonly rows: Pick<DiskRows, 'decision' | 'vote'>;
  /** The store it runs on; undefined before it has a document. */
  storeId(): StoreId | undefined;
  /** What storage faults have taken from its disks. */
  readonly harm: { readonly any: boolean };
}

/**
 * DECIDED: what a node writes down or tells as decided, a row of a ledger above all, was accepted durably by a quorum
 * under one ballot; and no acceptor tells a vote that was never on its disk.
 */
export interface QuorumChecker {
  /** A row of the table of windows has become durable. */
  stored(node: VotingNode, key: Uint8Array, sealed: Uint8Array): void;
  answered(exchange: Exchange): void;
}

export interface QuorumCheckerOptions {
  readonly nodes: readonly VotingNode[];
  /** Who votes about the window in its register, or in the ledger of a domain, by each placement that a node may take. */
  votersOf(node: string, scope: WindowScope, ledger?: DomainId): readonly (readonly Voter[])[];
  /** The stores that a domain has declared lost. */
  declaredLost(domain: DomainId): ReadonlySet<StoreId>;
  violation(what: string): void;
}

export function createQuorumChecker(options: QuorumCheckerOptions): QuorumChecker {
  const { nodes, votersOf, declaredLost, violation } = options;
  const votes = createVoteHistory();

  function check(
    { node, domain }: VotingNode,
    scope: WindowScope,
    decision: DecisionName,
    value: Uint8Array,
    said: string,
  ): void {
    const [quorums, lost] =
      decision === 'release'
        ? [votersOf(node, scope, domain), declaredLost(domain)]
        : [votersOf(node, scope), undefined];
    if (!quorums.some((voters) => votes.isDecided(voters, scope, decision, value, lost)))
      violation(`DECIDED: ${said} the ${decision} of window ${scope.window}, which no quorum has accepted`);
  }

  /** Others decide by what an acceptor says that it has accepted. */
  function watchAcceptor(node: VotingNode, { request, response }: Exchange): void {
    const asked = [operations.SYNOD, operations.LEDGER].find(({ path }) => path === request.path);
    const voter = voterAt(node);
    if (asked === undefined || voter === undefined) return;
    const { context, decision } = asked.request.decode(request.body);
    const { accepted } = asked.response.decode(response.body);
    if (accepted === null || votes.has(voter, context, decision, accepted)) return;
    violation(`DURABLE: ${node.node} tells a vote about a ${decision} that was never on its disk`);
  }

  function watchCompute(node: VotingNode, { request, response }: Exchange): void {
    const { stream, window, group } = operations.COMPUTE.request.decode(request.body);
    const answer = operations.COMPUTE.response.decode(response.body);
    if (answer.status !== 'ROW') return;
    const scope = { stream: streamHash(stream), window: windowId(window), group };
    check(node, scope, 'release', fromBase64Url(answer.row), `${node.node} tells`);
  }

  return {
    stored(node, key, sealed) {
      const vote = node.rows.vote(key, sealed);
      const voter = voterAt(node);
      if (vote !== undefined && voter !== undefined) {
        // What a node writes under a damaged key opens for nobody; without a fault every row does.
        if (!vote.opens && node.harm.any) votes.unreadable(voter, vote.scope, vote.decision);
        else votes.note(voter, vote);
      }
      const found = node.rows.decision(key);
      if (found !== undefined) check(node, found.scope, found.decision, found.value, `${node.node} knows`);
    },
    answered(exchange) {
      const node = nodes.find((one) => one.node === exchange.to);
      if (node === undefined || exchange.response.status !== 200) return;
      if (exchange.request.path === operations.COMPUTE.path) watchCompute(node, exchange);
      else watchAcceptor(node, exchange);
    },
  };
}

function voterAt({ node, storeId }: VotingNode): Voter | undefined {
  const store = storeId();
  return store === undefined ? undefined : { node, store };
}
