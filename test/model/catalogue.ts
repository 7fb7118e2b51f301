import type { Check } from './check.ts';
import { holds } from './check.ts';
import { BARRIER, barrierModel } from './scopes/barrier.ts';
import { EXCLUSION, exclusionModel } from './scopes/exclusion.ts';
import { LEDGER, ledgerModel } from './scopes/ledger.ts';
import { ONE_FLAG, oneFlagModel } from './scopes/one-flag.ts';
import { REGISTER, registerModel } from './scopes/register.ts';
import { SEAL, sealModel } from './scopes/seal-and-settle.ts';
import { BARRIER_VARIANTS } from './variants/barrier.ts';
import { EXCLUSION_VARIANTS } from './variants/exclusion.ts';
import { LEDGER_VARIANTS } from './variants/ledger.ts';
import { ONE_FLAG_VARIANTS } from './variants/one-flag.ts';
import { REGISTER_VARIANTS } from './variants/register.ts';
import { SEAL_VARIANTS } from './variants/seal-and-settle.ts';

const SCOPES: readonly Check[] = [
  holds(
    'flag/two-resolvers',
    'one flag, SET against two resolvers, crashes: one outcome',
    () => oneFlagModel(ONE_FLAG),
    true,
  ),
  holds('flag/three-resolvers', 'the same with three resolvers', () =>
    oneFlagModel({ ...ONE_FLAG, resolvers: 3 }),
  ),
  holds(
    'seal/settle',
    'two coordinators seal and settle while SET and two resolvers go on: T is what was chosen',
    () => sealModel(SEAL),
  ),
  holds(
    'seal/late-acceptor',
    'the same with one acceptor that is away until the window is settled',
    () => sealModel({ ...SEAL, late: true }),
    true,
  ),
  holds(
    'register/three-nodes',
    'three coordinators decide one value',
    () => register([0, 1], [1, 1], [2, 1]),
    true,
  ),
  holds('register/restart', 'a coordinator restarts and uses its ballots again', () =>
    register([0, 2], [0, 2]),
  ),
  holds('register/restart-and-rival', 'the same while another node coordinates', () =>
    register([0, 2], [0, 1], [1, 1]),
  ),
  holds('register/two-attempts', 'two coordinators outbid each other', () => register([0, 2], [1, 2])),
  holds(
    'release/row-turns-up',
    'X is decided before any release, and all rows name the same X',
    () => exclusionModel(EXCLUSION),
    true,
  ),
  holds(
    'release/silent-node',
    'a row at a node that does not answer is not excluded',
    () => exclusionModel({ ...EXCLUSION, heldFromStart: true }),
    true,
  ),
  holds(
    'ledger/two-nodes',
    'a domain of two nodes, one store lost, three coordinators: one row',
    () => ledgerModel({ ...LEDGER, nodes: 2 }),
    true,
  ),
  holds('ledger/three-nodes', 'a domain of three nodes, stores lost in any order', () => ledgerModel(LEDGER)),
  holds(
    'barrier/one-node-stays',
    'a window of a new placement opens under the old one or under the new one, never under both',
    () => barrierModel({ ...BARRIER, oldAttempts: 2 }),
    true,
  ),
  holds('barrier/two-nodes-stay', 'the same where one acceptor is replaced', () =>
    barrierModel({ ...BARRIER, acceptors: [1, 2, 3] }),
  ),
  holds('ledger/four-nodes', 'a domain of four nodes, where two that remain decide for two lost', () =>
    ledgerModel({ ...LEDGER, nodes: 4, coordinators: 2 }),
  ),
];

/** Everything `npm run model-check` runs: what must hold, and broken variants that must be found. */
export const CATALOGUE: readonly Check[] = [
  ...SCOPES,
  ...ONE_FLAG_VARIANTS,
  ...SEAL_VARIANTS,
  ...REGISTER_VARIANTS,
  ...EXCLUSION_VARIANTS,
  ...LEDGER_VARIANTS,
  ...BARRIER_VARIANTS,
];

/** Coordinators as pairs of a node and its attempts. */
function register(...pairs: readonly (readonly [number, number])[]) {
  return registerModel({
    ...REGISTER,
    coordinators: pairs.map(([node, attemptsMax]) => ({ node, attemptsMax })),
  });
}
