import { expect, it } from 'vitest';
import { pushRoster, requireReached } from '../../../operator-cli/authority/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { Transport } from '../../../src/ports/index.ts';
import { operations, type RosterBatch } from '../../../src/protocol/index.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const AUTHORITY = 'A'.repeat(43);
const BATCH: RosterBatch = {
  authority: AUTHORITY,
  sequence: 1,
  previous: null,
  streams: null,
  enrolled: [],
  revoked: [],
  jws: 'a signed batch',
  hash: '0'.repeat(64),
};

it('a node that hangs is told from one that works, and the others of its domain have the log', async () => {
  const ring = await developmentRing({ nodes: [2, 2] });
  const [hangs] = ring.domains[0]?.nodes ?? [];
  const clock = createManualClock();
  const send: Transport['send'] = async (node, _, { timeoutMs, signal }) => {
    if (node === hangs?.id) {
      await clock.sleep(timeoutMs, signal);
      throw new EngineError('UNREACHABLE', 'no answer in time');
    }
    const { response } = operations.PUT_ROSTER;
    const body = response.encode({ authority: BATCH.authority, sequence: BATCH.sequence });
    return { status: 200, body, contentType: response.contentType };
  };
  const ports = { transport: { send, close: async () => {} }, clock, randomBytes: cryptoRandomBytes };
  const from = clock.now();
  const pushed = await clock.until(pushRoster(ports, ring, [BATCH], new AbortController().signal));
  expect(clock.now() - from).toBeLessThan(5_000);
  expect(pushed.map(({ sequence, code }) => sequence ?? code)).toEqual(['UNREACHABLE', 1, 1, 1]);
  requireReached(pushed);
});
