import { describe, expect, it } from 'vitest';
import { createCorruptRows } from '../../../node/engine/corrupt-rows.ts';
import { openJournal } from '../../../node/engine/journal.ts';
import { createKeyedLock } from '../../../node/engine/keyed-lock.ts';
import { createRings } from '../../../node/engine/rings.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { createTables } from '../../../node/engine/tables.ts';
import { createDecisionVote } from '../../../node/services/decision-votes.ts';
import type { WindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';

const KEY = new Uint8Array(32).fill(1);
const WINDOW = windowId(1_700_000_000_000);
const nothing = () => {};

/** An acceptor that has forgotten the window since it was asked, and how it answers. */
async function forgetfulScene() {
  const ring = await developmentRing({ nodes: [1, 1] });
  const [section] = ring.domains;
  const [node] = section?.nodes ?? [];
  if (section === undefined || node === undefined) throw new Error('expected a domain with a node');
  const self = { nodeId: node.id, domain: section.domain, storeId: node.storeId };
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const store = createMemoryStore();
  const journal = openJournal(store, { seq: 0, counts: { flags: 0, values: 0 } }, () => []);
  const corrupt = createCorruptRows(recordingLog(), nothing);
  const scope = { stream: stream.hash, window: WINDOW, group: 0 };
  const unknown = { rowKey: null, terms: null, settlement: null, exclusion: null, release: null };
  const record: WindowRecord = { scope, stream, frozen: false, erased: false, ...unknown };
  const vote = createDecisionVote(
    {
      journal,
      tables: createTables({ journal, rowSeal: createRowSeal(cryptoRandomBytes), corrupt }),
      storeKey: KEY,
      health: { doubt: () => null, raise: nothing, checkVote: nothing },
      lock: createKeyedLock(),
      retirements: { check: nothing },
      unopened: { note: nothing },
      votedReleases: { note: nothing },
      windows: {
        checkOwn() {
          throw new EngineError('OVERLOADED', 'the window was forgotten');
        },
      },
      rings: createRings({ history: { documents: [ring] }, self }),
      self,
      clock: createManualClock(WINDOW),
    },
    () => [self.nodeId],
  );
  const context = { epoch: ring.epoch, placementEpoch: ring.placementEpoch, ...scope };
  const ask = (kind: 'prepare' | 'read', decision: 'terms' | 'release' = 'terms') =>
    vote(record, { context, decision, kind, ballot: { counter: 1, proposer: 0 }, value: null });
  return { store, record, ask };
}

describe('a vote about a window that its acceptor has forgotten meanwhile', () => {
  it('is refused, because the window may be erased, and is only read', async () => {
    const { store, ask } = await forgetfulScene();
    await expectCode(ask('prepare'), 'OVERLOADED');
    expect(store.rows('windows')).toEqual([]);
    expect(await ask('read')).toMatchObject({ accepted: null });
  });
});

describe('a vote about the release of an erased window', () => {
  it('is refused where its slot went with the window, also to who only reads', async () => {
    const { store, record, ask } = await forgetfulScene();
    record.erased = true;
    await expectCode(ask('prepare', 'release'), 'WINDOW_ERASED');
    await expectCode(ask('read', 'release'), 'WINDOW_ERASED');
    expect(store.rows('windows')).toEqual([]);
  });
});
