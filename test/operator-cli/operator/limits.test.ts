import { expect, it } from 'vitest';
import { PARTS_AT_ONCE } from '../../../operator-cli/operator/limits.ts';
import { TRANSPORT_LIMITS } from '../../../src/platform/transport-limits.ts';

it('fewer windows are asked about at once than a node is given connections: its sign of life would wait behind them all', () => {
  // A node that works for a minute on each would count as one that stands still.
  expect(PARTS_AT_ONCE).toBeLessThan(TRANSPORT_LIMITS.connectionsPerNodeMax);
});
