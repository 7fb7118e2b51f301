import { describe, expect, it } from 'vitest';
import { openVotedReleases } from '../../../node/services/voted-releases.ts';
import type { WindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { windowId } from '../../../src/ring/index.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

const ROW = Uint8Array.of(7);

async function recordAt(window: number): Promise<WindowRecord> {
  const ring = await developmentRing({ nodes: [2, 1] });
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const scope = { stream: stream.hash, window: windowId(window), group: 0 };
  const unknown = { rowKey: null, terms: null, settlement: null, exclusion: null, release: null };
  return { scope, stream, frozen: true, erased: false, ...unknown };
}

describe('releases that a node has voted for', () => {
  it('a ledger that is lost keeps back its own window and no other', async () => {
    const [lost, kept] = [await recordAt(1_000), await recordAt(2_000)];
    const learned: number[] = [];
    const voted = await openVotedReleases({
      tables: { peekMany: async () => [] },
      storeKey: new Uint8Array(32),
      windows: { all: () => [], learn: async ({ scope }) => void learned.push(scope.window) },
    });
    for (const record of [lost, kept]) voted.note(record);
    const read = async (record: WindowRecord) => {
      if (record === lost) throw new EngineError('INCOMPLETE', 'the stores of the ledger are lost');
      return ROW;
    };
    await voted.run({ read }, new AbortController().signal);
    expect(learned).toEqual([2_000]);
  });
});
