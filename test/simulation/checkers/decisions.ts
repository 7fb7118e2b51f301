import { compareBallots } from '../../../src/consensus/index.ts';
import { equalBytes } from '../../../src/foundation/index.ts';
import type { DecisionName, SynodRequest, WindowScope } from '../../../src/protocol/index.ts';
import { operations, settlementCodec, windowName } from '../../../src/protocol/index.ts';
import type { DomainId } from '../../../src/ring/index.ts';
import { majority } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import type { DiskRows } from './disk-rows.ts';
import { placeOfWindow, type StandingChecks } from './standing.ts';

export interface DecidingNode {
  readonly node: string;
  readonly domain: DomainId;
  readonly rows: Pick<DiskRows, 'decision' | 'slot' | 'frozenScope' | 'isFrozen'>;
}

/**
 * DURABLE and one decision for registers, ledgers and freezes: every vote is compared with the disk when it is given,
 * and every decision that a node writes down with all others and with the votes that made it.
 */
export interface DecisionChecker {
  /** A row of the table of windows has become durable. */
  stored(node: DecidingNode, key: Uint8Array, now: number): void;
  answered(exchange: Exchange): void;
  /** How many flags are TRUE in the window's settlement; undefined where no node has written it down. */
  settledFlags(scope: WindowScope): number | undefined;
}

export interface DecisionCheckerOptions {
  readonly nodes: readonly DecidingNode[];
  readonly standing: Pick<StandingChecks, 'keep'>;
  /** Who votes about the window in its register, by each placement that a node may take. */
  acceptorsOf(scope: WindowScope, by: string): readonly (readonly string[])[];
  /** Whether the store that voted at the node about the window has forgotten votes. */
  forgot(scope: WindowScope, node: string): boolean;
  /** Whether some clock may show that the window is past its retention; from then on nothing has to be there. */
  mayBeErased(scope: WindowScope): boolean;
  /** Before this, Unix milliseconds, the node's clock does not show that the window may be frozen. */
  frozenFrom(scope: WindowScope, node: string): number;
  violation(what: string): void;
}

export function createDecisionChecker(options: DecisionCheckerOptions): DecisionChecker {
  const { nodes, standing, acceptorsOf, forgot, mayBeErased, frozenFrom, violation } = options;
  const decided = new Map<string, Uint8Array>();

  const nameOf = (scope: WindowScope, decision: DecisionName) => `${windowName(scope)}/${decision}`;

  /** Every acceptor that has accepted what was decided keeps it, under whatever ballot. */
  function checkVotes(by: string, scope: WindowScope, decision: DecisionName, value: Uint8Array): void {
    if (decision === 'release' || mayBeErased(scope)) return;
    const hasVoted = ({ node, rows }: DecidingNode): boolean => {
      // A vote that a fault has taken from its disk was there when it counted.
      if (forgot(scope, node)) return true;
      const accepted = rows.slot(scope, decision)?.accepted?.value;
      return accepted !== undefined && equalBytes(accepted, value);
    };
    const counts = acceptorsOf(scope, by).map((acceptors) => {
      const votes = nodes.filter((one) => acceptors.includes(one.node) && hasVoted(one)).length;
      return { votes, isEnough: votes >= majority(acceptors.length) };
    });
    if (!counts.some(({ isEnough }) => isEnough))
      violation(
        `DECIDED: ${by} knows the ${decision} of window ${scope.window} by ${counts[0]?.votes} votes`,
      );
  }

  function watchVote({ to }: Exchange, node: DecidingNode, request: SynodRequest): void {
    const { context, decision, kind, ballot } = request;
    if (kind === 'read') return;
    standing.keep(to, { place: placeOfWindow(context), name: `${kind} ${decision}`, ballot }, () => {
      if (mayBeErased(context)) return undefined;
      const row = node.rows.slot(context, decision);
      const held = kind === 'prepare' ? row?.promised : row?.accepted?.ballot;
      if (held !== undefined && compareBallots(held, ballot) >= 0) return undefined;
      return `DURABLE: ${to} granted a ${kind} of a ${decision} that is not on its disk`;
    });
  }

  return {
    stored(node, key, now) {
      const frozen = node.rows.frozenScope(key);
      if (frozen !== undefined && now < frozenFrom(frozen, node.node))
        violation(`SEAL: ${node.node} freezes window ${frozen.window} before it may be sealed`);
      const found = node.rows.decision(key);
      if (found === undefined) return;
      const { scope, decision, value } = found;
      // Every domain has a ledger of its own, and all have one register.
      const name = `${nameOf(scope, decision)}${decision === 'release' ? `/${node.domain}` : ''}`;
      const first = decided.get(name) ?? value;
      decided.set(name, first);
      if (!equalBytes(first, value))
        violation(`DECIDED: ${node.node} knows of a second ${decision} of window ${scope.window}`);
      checkVotes(node.node, scope, decision, value);
    },
    answered(exchange) {
      const { request, response, to } = exchange;
      const node = nodes.find((one) => one.node === to);
      if (node === undefined || response.status !== 200) return;
      const asked = [operations.SYNOD, operations.LEDGER].find(({ path }) => path === request.path);
      if (asked?.response.decode(response.body).granted === true)
        watchVote(exchange, node, asked.request.decode(request.body));
      if (request.path !== operations.FREEZE.path) return;
      const { context } = operations.FREEZE.request.decode(request.body);
      standing.keep(to, { place: placeOfWindow(context), name: 'frozen' }, () => {
        if (mayBeErased(context) || node.rows.isFrozen(context)) return undefined;
        return `DURABLE: ${to} reports a window that its disk does not call frozen`;
      });
    },
    settledFlags(scope) {
      const settlement = decided.get(nameOf(scope, 'settlement'));
      return settlement === undefined ? undefined : settlementCodec.decode(settlement).flags;
    },
  };
}
