import { expect, it } from 'vitest';
import { askAnyNode, everyNode } from '../../../operator-cli/operator/ask-nodes.ts';
import { EngineError, type ErrorCode } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

/** What somebody is told whose question each node refuses with the next of these. */
async function refusedWith(codes: readonly ErrorCode[], told: ErrorCode): Promise<void> {
  const clouds = await fakeClouds();
  let asked = 0;
  clouds.on(operations.SEAL, () => {
    throw new EngineError(codes[asked++ % codes.length] ?? 'NOT_READY', 'refused');
  });
  const nodes = everyNode(clouds.ports.ring).slice(0, codes.length);
  const question = { stream: clouds.stream.hash, window: 7_000, group: 0 };
  await expectCode(askAnyNode(clouds.ports, nodes, operations.SEAL, question, { timeoutMs: 1_000 }), told);
  expect(asked).toBe(codes.length);
}

it('of all refusals the first is told that no retry would change', async () => {
  await refusedWith(['NOT_READY', 'WINDOW_ERASED', 'NOT_READY'], 'WINDOW_ERASED');
});

it('what one node says of its own disk is told only where nobody says anything else', async () => {
  await refusedWith(['ROW_CORRUPT', 'WINDOW_ERASED', 'NOT_READY'], 'WINDOW_ERASED');
  await refusedWith(['ROW_CORRUPT', 'ROW_CORRUPT'], 'ROW_CORRUPT');
});
