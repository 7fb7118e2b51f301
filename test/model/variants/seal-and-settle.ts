import type { Accepted } from '../../../src/consensus/index.ts';
import { compareBallots, highestAccepted } from '../../../src/consensus/index.ts';
import type { FlagValue } from '../../../src/protocol/index.ts';
import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import { EVERY_ACCEPTOR, resolverBallot } from '../scopes/flag-acceptors.ts';
import type { FreezableCell } from '../scopes/frozen-acceptor.ts';
import { castVote, FREEZING } from '../scopes/frozen-acceptor.ts';
import type { SealParts, Settle } from '../scopes/seal-and-settle.ts';
import { SEAL, sealModel } from '../scopes/seal-and-settle.ts';

/** Flags the reports know are resolved one by one, flags they do not know are left out: sealing as first written. */
const resolveKnown: Settle = (candidate, _, chosen) =>
  candidate === 'ERROR' ? 'ERROR' : (chosen[0] ?? 'wait');

/** The same, but what is known is read again at settlement, from any majority. */
const resolveKnownNow: Settle = (_, cells, chosen) => {
  const pairs = EVERY_ACCEPTOR.map((left) => cells.filter((_, acceptor) => acceptor !== left));
  const sealed = pairs.filter((pair) => pair.every(({ frozen }) => frozen));
  if (sealed.some((pair) => highestAccepted(pair.map(({ memory }) => memory)) === null)) return 'ERROR';
  return chosen[0] ?? 'wait';
};

const refusesOnlySet: Partial<SealParts> = {
  freezing: { ...FREEZING, refuses: (request) => request.kind === 'accept' && request.ballot.counter === 0 },
};

const sealIsPromise: Partial<SealParts> = {
  freezing: { ...FREEZING, refuses: () => false, onFreeze: promiseFirstBallot },
  settle: resolveKnownNow,
};

/** Found only after more states than the tests have time for. */
const SLOW = ['seal/literal', 'seal/literal-reread', 'seal/is-promise', 'seal/no-register'];

/** Broken ways to seal and settle: each was proposed once, and looks right. */
export const SEAL_VARIANTS: readonly Check[] = [
  variant(
    'seal/literal',
    'refusing SET only and leaving unknown flags out loses a flag that becomes TRUE later',
    {
      ...refusesOnlySet,
      settle: resolveKnown,
    },
  ),
  variant('seal/literal-reread', 'reading the flags again at settlement does not help', {
    ...refusesOnlySet,
    settle: resolveKnownNow,
  }),
  variant('seal/literal-reread-late', 'nor where one acceptor is away until the window is settled', {
    ...refusesOnlySet,
    settle: resolveKnownNow,
    late: true,
  }),
  variant('seal/is-promise', 'a seal that is only a promise leaves higher ballots open', sealIsPromise),
  variant('seal/is-promise-late', 'nor with an acceptor that is away until the window is settled', {
    ...sealIsPromise,
    late: true,
  }),
  variant('seal/true-refused', 'refusing TRUE after the seal lets a resolver overrule a chosen TRUE', {
    freezing: {
      ...FREEZING,
      refuses: (request) => request.kind === 'accept' && request.value === 'TRUE',
      shown: (cell, reply) => (cell.frozen ? { ...reply, accepted: null } : reply),
    },
    settle: resolveKnown,
  }),
  variant('seal/blanket-error', 'writing ERROR for all that is not accepted overrules a chosen TRUE', {
    freezing: { ...FREEZING, refuses: () => false, onFreeze: errorUnlessAccepted },
    settle: resolveKnown,
  }),
  variant('seal/majority-of-nodes', 'a partition with one frozen acceptor is not sealed', {
    quorumOf: () => 1,
  }),
  variant('seal/no-register', 'coordinators that settle by themselves settle two ways', {
    settle: (candidate) => candidate,
  }),
  variant('seal/sdk-retry', 'a refused SET is no outcome: uploading again counts the reading twice', {
    retriesAfterSealed: true,
  }),
];

function variant(name: string, shows: string, parts: Partial<SealParts>): Check {
  return broken(name, shows, () => sealModel({ ...SEAL, ...parts }), !SLOW.includes(name));
}

function promiseFirstBallot(cell: FreezableCell): FreezableCell {
  const first = resolverBallot(1);
  if (compareBallots(cell.memory.promised, first) >= 0) return cell;
  const memory = { ...cell.memory, promised: first };
  return { ...cell, memory, disk: memory };
}

function errorUnlessAccepted(cell: FreezableCell): FreezableCell {
  if (cell.memory.accepted !== null) return cell;
  const error: Accepted<FlagValue> = { ballot: resolverBallot(1), value: 'ERROR' };
  return compareBallots(cell.memory.promised, error.ballot) > 0 ? cell : castVote(cell, error);
}
