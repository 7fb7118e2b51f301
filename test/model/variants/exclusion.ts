import { EngineError } from '../../../src/foundation/index.ts';
import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import type { Exclusion, HoldRound } from '../scopes/domain-rows.ts';
import { heldAnswer, readyRound } from '../scopes/domain-rows.ts';
import type { ExclusionParts } from '../scopes/exclusion.ts';
import { EXCLUSION, exclusionModel } from '../scopes/exclusion.ts';

const named = (value: string): Exclusion => (value === 'nothing' ? 'nothing' : 'the flag');

/** Broken ways to exclude and release: each takes a reading out of one domain's sum and not out of another's. */
export const EXCLUSION_VARIANTS: readonly Check[] = [
  variant(
    'release/before-exclusion',
    'a domain that releases what it holds before X is decided releases another set',
    {
      releases: ({ rows }) => [rows.includes(true) ? 'nothing' : 'the flag'],
    },
  ),
  variant('release/word-of-coordinator', 'a domain that takes X from a coordinator instead of the register', {
    releases: ({ proposed }) => proposed.filter((exclusion) => exclusion !== null),
  }),
  variant('release/one-acceptor', 'X read at one acceptor may never be decided', {
    releases: ({ slot }) => slot.flatMap(({ voted }) => voted.map(({ value }) => named(value))),
  }),
  variant('release/missing-after-timeout', 'a silent node may hold the row that is then excluded', {
    readyRound: () => silenceIsMissing(readyRound()),
    heldFromStart: true,
  }),
];

function variant(name: string, shows: string, parts: Partial<ExclusionParts>): Check {
  return broken(name, shows, () => exclusionModel({ ...EXCLUSION, ...parts }));
}

function silenceIsMissing(round: HoldRound): HoldRound {
  return {
    start: round.start,
    step: (state, event) =>
      round.step(
        state,
        event.kind === 'failure' && event.error instanceof EngineError
          ? { kind: 'reply', id: event.id, reply: heldAnswer(false) }
          : event,
      ),
  };
}
