import type { ledgerQuorum, Quorum } from '../../../src/consensus/index.ts';
import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import { LEDGER, ledgerModel } from '../scopes/ledger.ts';

/** Broken quorums of a ledger with lost stores. */
export const LEDGER_VARIANTS: readonly Check[] = [
  variant(
    'ledger/majority-of-remaining',
    'the last node decides again what two lost ones had decided',
    (count) => Math.floor(count / 2) + 1,
  ),
  variant('ledger/all-remaining-always', 'nor is it enough that all remaining nodes agree', (count, nodes) =>
    Math.min(count, Math.floor(nodes / 2) + 1),
  ),
];

function variant(name: string, shows: string, quorumOf: (remaining: number, nodes: number) => number): Check {
  const quorum: typeof ledgerQuorum = (nodes, lost): Quorum | null => {
    const acceptors = Array.from({ length: nodes }, (_, node) => node).filter((node) => !lost.includes(node));
    return acceptors.length === 0 ? null : { acceptors, quorum: quorumOf(acceptors.length, nodes) };
  };
  return broken(name, shows, () => ledgerModel({ ...LEDGER, quorum }), false);
}
