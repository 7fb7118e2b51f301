import { freshAcceptor } from '../../../src/consensus/index.ts';
import type { FlagValue } from '../../../src/protocol/index.ts';
import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import type { FlagsRound } from '../scopes/flag-acceptors.ts';
import { resolverBallot, resolverRound, setRound } from '../scopes/flag-acceptors.ts';
import type { OneFlagParts } from '../scopes/one-flag.ts';
import { ONE_FLAG, oneFlagModel } from '../scopes/one-flag.ts';

/** Broken ways to decide one flag. */
export const ONE_FLAG_VARIANTS: readonly Check[] = [
  variant('flag/accept-not-synced', 'a vote that a crash forgets lets ERROR be chosen beside TRUE', {
    synced: (request) => request.kind !== 'accept',
  }),
  variant('flag/promise-not-synced', 'a promise that a crash forgets lets an old ballot through', {
    synced: (request) => request.kind !== 'prepare',
  }),
  variant('flag/wiped-store-votes', 'an acceptor that lost its store and votes again gives two outcomes', {
    afterCrash: () => freshAcceptor<FlagValue>(),
  }),
  variant('flag/ignores-accepted', 'a resolver that proposes ERROR whatever was accepted overrules TRUE', {
    resolver: (n) => ignoringAccepted(resolverRound(resolverBallot(n))),
  }),
  variant(
    'flag/error-at-ballot-0',
    'a ballot 0 with two values tells one coordinator ERROR and another TRUE',
    {
      setters: [setRound(), proposingError(setRound())],
    },
  ),
  variant('flag/true-on-own-accept', 'a coordinator that answers TRUE after its own vote speaks too early', {
    setters: [answeringAfterOneVote(setRound())],
  }),
];

function variant(name: string, shows: string, parts: Partial<OneFlagParts>): Check {
  return broken(name, shows, () => oneFlagModel({ ...ONE_FLAG, ...parts }));
}

function ignoringAccepted(round: FlagsRound): FlagsRound {
  return {
    start: round.start,
    step: (state, event) =>
      round.step(
        state,
        event.kind === 'reply'
          ? { ...event, reply: event.reply.map((vote) => ({ ...vote, accepted: null })) }
          : event,
      ),
  };
}

function proposingError(round: FlagsRound): FlagsRound {
  return {
    start() {
      const { state, effects } = round.start();
      return {
        state: {
          ...state,
          proposers: state.proposers.map((proposer) => ({ ...proposer, wish: 'ERROR', proposal: 'ERROR' })),
        },
        effects: effects.map((effect) =>
          effect.kind === 'call' ? { ...effect, call: { ...effect.call, value: 'ERROR' } } : effect,
        ),
      };
    },
    step: round.step,
  };
}

function answeringAfterOneVote(round: FlagsRound): FlagsRound {
  return {
    start: round.start,
    step(state, event) {
      const next = round.step(state, event);
      if (event.kind !== 'reply' || event.reply[0]?.granted !== true) return next;
      return { state: next.state, effects: [{ kind: 'finish', out: ['TRUE'] }] };
    },
  };
}
