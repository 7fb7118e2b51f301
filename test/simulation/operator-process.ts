import type { Operator } from '../../operator-cli/operator/operator.ts';
import { createOperator } from '../../operator-cli/operator/operator.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import type { FixedRing } from '../support/simulated-ring.ts';
import { type Kernel, simulatedClock, startLife } from './kernel/index.ts';
import type { Network } from './network-types.ts';

export const OPERATOR_NAME = 'operator';

/**
 * The operator's program on the simulated network, which knows who calls: the token proves nothing here, and
 * its checks have their own tests.
 */
export function startOperator(kernel: Kernel, network: Network, ring: FixedRing): Operator {
  const life = startLife(OPERATOR_NAME);
  return createOperator({
    ring: ring.document,
    transport: network.transport({
      life,
      name: OPERATOR_NAME,
      caller: {
        kind: 'operator',
        scopes: ['compute', 'ring', 'streams', 'seal', 'status'],
        subject: OPERATOR_NAME,
      },
    }),
    clock: simulatedClock(kernel, life),
    randomBytes: kernel.random.fork(OPERATOR_NAME).bytes,
    verifier: nodeVerifier,
    tokenFor: async () => 'token',
  });
}
