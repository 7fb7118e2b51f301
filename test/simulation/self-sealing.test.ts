import { expect, it } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import type { Sabotage } from './sabotage.ts';

it('nodes seal and settle a window past its latest time before anybody asks for it', async () => {
  expect(await violationsOf(plainPlan(), {})).toBe('');
});

it('nodes that never seal a window by themselves are seen', async () => {
  const sabotage: Sabotage = {
    peerRouter: (router) => ({
      ...router,
      handle: async (caller, request, signal) => {
        if (request.path === operations.FREEZE.path) throw new EngineError('OVERLOADED', 'ask later');
        return router.handle(caller, request, signal);
      },
    }),
  };
  const sought = 'LIVENESS: no node has sealed and settled window 0';
  expect(await violationsOf(plainPlan(), sabotage, sought)).toContain(sought);
});
