import type { AcceptorRequest, AcceptorState } from '../../../src/consensus/index.ts';
import { acceptorStep, compareBallots } from '../../../src/consensus/index.ts';
import type { Check } from '../check.ts';
import { broken } from '../check.ts';
import { REGISTER, registerModel } from '../scopes/register.ts';

/** Two coordinators of one node, one after a restart or both at once: they use the same ballots. */
const SAME_NODE = [
  { node: 0, attemptsMax: 1 },
  { node: 0, attemptsMax: 1 },
];

export const REGISTER_VARIANTS: readonly Check[] = [
  broken(
    'register/ballot-granted-twice',
    'an acceptor that grants one ballot twice lets a restarted coordinator decide a second T',
    () => registerModel({ ...REGISTER, acceptorStep: grantingAgain, coordinators: SAME_NODE }),
  ),
];

function grantingAgain(state: AcceptorState<string>, request: AcceptorRequest<string>) {
  const step = acceptorStep(state, request);
  const again = request.kind === 'prepare' && compareBallots(request.ballot, state.promised) === 0;
  return again ? { state, reply: { ...step.reply, granted: true } } : step;
}
