import { describe, expect, it } from 'vitest';
import { openVotedReleases } from '../../../node/services/voted-releases.ts';
import type { WindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { windowId } from '../../../src/ring/index.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const ROW = Uint8Array.of(7);

async function recordAt(window: number): Promise<WindowRecord> {
  const ring = await developmentRing({ nodes: [2, 1] });
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const scope = { stream: stream.hash, window: windowId(window), group: 0 };
  const unknown = { rowKey: null, terms: null, settlement: null, exclusion: null, release: null };
  return { scope, stream, frozen: true, erased: false, ...unknown };
}

/** Votes for the windows, and the windows whose releases are learned. */
async function votedFor(records: readonly WindowRecord[]) {
  const learned: number[] = [];
  const voted = await openVotedReleases({
    tables: { peekMany: async () => [] },
    storeKey: new Uint8Array(32),
    windows: { all: () => [], learn: async ({ scope }) => void learned.push(scope.window) },
  });
  for (const record of records) voted.note(record);
  return { voted, learned };
}

describe('releases that a node has voted for', () => {
  it('wait side by side for a node that hangs, as what else a node does in rounds waits behind them', async () => {
    const clock = createManualClock();
    const records = await Promise.all(Array.from({ length: 64 }, (_, window) => recordAt(window)));
    const { voted, learned } = await votedFor(records);
    const begun = clock.now();
    const read = async () => {
      await clock.sleep(5_000);
      return ROW;
    };
    await clock.until(voted.run({ read }, new AbortController().signal));
    expect(clock.now() - begun).toBe(5_000);
    expect(learned).toHaveLength(64);
  });

  it('a ledger that is lost keeps back its own window and no other', async () => {
    const [lost, kept] = [await recordAt(1_000), await recordAt(2_000)];
    const { voted, learned } = await votedFor([lost, kept]);
    const read = async (record: WindowRecord) => {
      if (record === lost) throw new EngineError('INCOMPLETE', 'the stores of the ledger are lost');
      return ROW;
    };
    await voted.run({ read }, new AbortController().signal);
    expect(learned).toEqual([2_000]);
  });
});
