import { describe, expect, it } from 'vitest';
import { createCorruptRows } from '../../../node/engine/corrupt-rows.ts';
import { type Journal, openJournal } from '../../../node/engine/journal.ts';
import { createKeyedLock } from '../../../node/engine/keyed-lock.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { createTables } from '../../../node/engine/tables.ts';
import { createErasedWindows } from '../../../node/services/erased-windows.ts';
import { UNOPENED_MAX } from '../../../node/services/window-memory.ts';
import { openWindows, type Windows, type WindowsComponents } from '../../../node/services/windows.ts';
import { EngineError, fromUtf8, toHex } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { releasedRowCodec, type WindowTerms, windowTermsCodec } from '../../../src/protocol/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { withheldRow } from '../../support/withheld-row.ts';

const WINDOW = windowId(1_700_000_000_000);
const TIMES = { notBefore: WINDOW, latest: WINDOW + 60_000 };
const KEY = new Uint8Array(32).fill(1);

async function startStream() {
  const ring = await developmentRing({ nodes: [1, 1] });
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  return openStreamDocument(jws, testVerifier, ring);
}

type Stream = Awaited<ReturnType<typeof startStream>>;

/**
 * The windows of a node that starts on this disk.
 * @param looked what happens between the reading of an erasure's note and its use
 * @param mayWrite throws where the journal takes no more
 */
function windowsOn(
  store: MemoryStore,
  stream: Stream,
  looked: () => Promise<void> = async () => {},
  mayWrite: () => void = () => {},
  perStreamMax?: number,
): Promise<Windows> {
  const opened = openJournal(store, { seq: 0, counts: { flags: 0, values: 0 } }, () => []);
  const journal: Journal = {
    ...opened,
    stage(operations) {
      mayWrite();
      opened.stage(operations);
    },
  };
  const corrupt = createCorruptRows(recordingLog(), () => {});
  const tables = createTables({ journal, rowSeal: createRowSeal(cryptoRandomBytes), corrupt });
  const erased = createErasedWindows({ journal, tables, storeKey: KEY });
  const components: WindowsComponents = {
    journal,
    tables,
    keys: {
      create: async () => KEY,
      find: async () => KEY,
      list: async () => [],
      destroy: async () => {},
    },
    storeKey: KEY,
    lock: createKeyedLock(),
    streams: { find: async () => stream, indexOf: () => 0 },
    health: { raise: () => {} },
    reopened: () => {},
    erased: {
      ...erased,
      async find(scope) {
        const found = await erased.find(scope);
        await looked();
        return found;
      },
    },
    clock: createManualClock(WINDOW),
  };
  return openWindows(components, perStreamMax);
}

const TERMS: WindowTerms = { ...TIMES, setHashKey: KEY };

/** A window that the node knows nothing of yet, and what its domain may have released of it. */
async function unknownWindow(looked?: () => Promise<void>) {
  const stream = await startStream();
  const store = createMemoryStore();
  const windows = await windowsOn(store, stream, looked);
  const scope = { stream: stream.hash, window: WINDOW, group: 0 };
  const record = await windows.find(scope);
  const release = releasedRowCodec.encode(withheldRow(scope));
  const releaseAfterRestart = async () => {
    const { release: kept } = await (await windowsOn(store, stream)).find(scope);
    return kept === null ? null : toHex(kept.bytes);
  };
  return { store, windows, scope, record, release, releaseAfterRestart };
}

async function openScene(looked?: () => Promise<void>) {
  const scene = await unknownWindow(looked);
  await scene.windows.learn(scene.record, 'terms', windowTermsCodec.encode(TERMS));
  return scene;
}

describe('a release that becomes known while its window is erased', () => {
  it('is kept where the erasure begins before it is on disk', async () => {
    const { store, windows, record, release, releaseAfterRestart } = await openScene();
    store.hold();
    const learned = windows.learn(record, 'release', release);
    const erased = windows.erase(record, TIMES);
    for (let commits = 0; commits < 3; commits++) await store.release();
    await Promise.all([learned, erased]);
    expect(record.release?.bytes).toEqual(release);
    expect(await releaseAfterRestart()).toBe(toHex(release));
  });

  it('is kept where it comes after the erasure', async () => {
    const { windows, record, release, releaseAfterRestart } = await openScene();
    await windows.erase(record, TIMES);
    await windows.learn(record, 'release', release);
    expect(await releaseAfterRestart()).toBe(toHex(release));
  });

  it('is told by whoever asked for the window while it was on its way', async () => {
    const { windows, record, scope, release } = await openScene();
    await windows.erase(record, TIMES);
    const asked = await windows.find(scope);
    expect(asked).not.toBe(record);
    await windows.learn(record, 'release', release);
    expect(asked.release?.bytes).toEqual(release);
    expect(toHex((await windows.find(scope)).release?.bytes ?? KEY)).toBe(toHex(release));
  });

  it('is told by whoever had read the note of the erasure before it was in there', async () => {
    const looking = { now: async () => {} };
    const { windows, record, scope, release } = await openScene(() => looking.now());
    await windows.erase(record, TIMES);
    looking.now = async () => {
      looking.now = async () => {};
      await windows.learn(record, 'release', release);
    };
    expect(toHex((await windows.find(scope)).release?.bytes ?? KEY)).toBe(toHex(release));
  });

  it('is not told before it is kept', async () => {
    const { store, windows, record, release } = await openScene();
    store.hold();
    const learned = windows.learn(record, 'release', release);
    const erased = windows.erase(record, TIMES);
    await store.release();
    await store.release();
    await erased;
    expect(record.release).toBeNull();
    await store.release();
    await learned;
    expect(record.release?.bytes).toEqual(release);
  });
});

describe('a release of a window whose terms a node does not know', () => {
  it('is told and not written, because nobody would know when to delete it', async () => {
    const { store, windows, record, release } = await unknownWindow();
    await windows.learn(record, 'release', release);
    expect(record.release?.bytes).toEqual(release);
    expect(store.rows('windows')).toEqual([]);
  });

  it('goes into the note where the window is erased after all', async () => {
    const { windows, record, release, releaseAfterRestart } = await unknownWindow();
    await windows.learn(record, 'release', release);
    await windows.erase(record, TIMES);
    expect(await releaseAfterRestart()).toBe(toHex(release));
  });
});

describe('a journal that takes no more', () => {
  /** An open window of a node whose journal is full for a moment. */
  async function fullScene() {
    const stream = await startStream();
    const store = createMemoryStore();
    let full = false;
    const windows = await windowsOn(store, stream, undefined, () => {
      if (full) throw new EngineError('OVERLOADED', 'expected fewer writes');
    });
    const scope = { stream: stream.hash, window: WINDOW, group: 0 };
    await windows.learn(await windows.find(scope), 'terms', windowTermsCodec.encode(TERMS));
    const whileFull = async (act: () => Promise<unknown>) => {
      full = true;
      await expectCode(act(), 'OVERLOADED');
      full = false;
    };
    const record = windows.findOpen(scope) ?? expect.fail('no open window');
    return { windows, scope, record, whileFull, again: () => windowsOn(store, stream) };
  }

  it('leaves a window as it was, so that the next freeze is the one that is written', async () => {
    const { windows, scope, record, whileFull, again } = await fullScene();
    await whileFull(() => windows.freeze(record));
    expect(record.frozen).toBe(false);
    await windows.freeze(record);
    expect((await again()).findOpen(scope)?.frozen).toBe(true);
  });

  it('leaves a window open, so that the next erasure is the one that is written', async () => {
    const { windows, scope, record, whileFull, again } = await fullScene();
    await whileFull(() => windows.erase(record, TIMES));
    expect(windows.all()).toEqual([record]);
    await windows.erase(record, TIMES);
    expect(windows.all()).toEqual([]);
    expect((await (await again()).find(scope)).erased).toBe(true);
  });
});

describe('a decision that is no such value, whatever a majority says', () => {
  it('is refused before it is written, because the node would not start again', async () => {
    const { store, windows, record } = await openScene();
    const before = store.rows('windows').length;
    await expectCode(windows.learn(record, 'settlement', Uint8Array.of(1, 9)), 'MALFORMED_BODY');
    expect(store.rows('windows')).toHaveLength(before);
  });
});

/** Asks for so many others that the node forgets the window. */
async function forget({
  windows,
  scope,
}: Pick<Awaited<ReturnType<typeof unknownWindow>>, 'windows' | 'scope'>) {
  for (let past = 1; past <= UNOPENED_MAX; past++)
    await windows.find({ ...scope, window: windowId(WINDOW - past) });
}

describe('a window that was forgotten and asked for again', () => {
  async function askedAgain() {
    const scene = await unknownWindow();
    const { windows, scope, record } = scene;
    await forget(scene);
    const again = await windows.find(scope);
    expect(again).not.toBe(record);
    return { ...scene, again };
  }

  it('is erased for whoever has asked since', async () => {
    const { windows, record, again, store } = await askedAgain();
    await windows.erase(record, TIMES);
    await expect(windows.learn(again, 'terms', windowTermsCodec.encode(TERMS))).rejects.toThrow(
      expect.objectContaining({ code: 'WINDOW_ERASED' }),
    );
    expect(store.rows('windows').filter(([key]) => fromUtf8(key.slice(0, 1)) === 'W')).toEqual([]);
  });

  it('keeps in the note of its erasure what they were told', async () => {
    const { windows, record, again, release, releaseAfterRestart } = await askedAgain();
    await windows.learn(again, 'release', release);
    await windows.erase(record, TIMES);
    expect(await releaseAfterRestart()).toBe(toHex(release));
  });

  it('is erased for whoever looked for the note of its erasure just before it came', async () => {
    const looking = { now: async () => {} };
    const scene = await unknownWindow(() => looking.now());
    const { windows, scope, record } = scene;
    await forget(scene);
    looking.now = async () => {
      looking.now = async () => {};
      await windows.erase(record, TIMES);
    };
    expect((await windows.find(scope)).erased).toBe(true);
  });

  it('is erased for whoever had it forgotten once more when the erasure came', async () => {
    const { windows, scope, record, again, store } = await askedAgain();
    await forget({ windows, scope });
    await windows.erase(record, TIMES);
    expect(again.erased).toBe(false);
    expect(() => windows.checkOwn(again)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    await expect(windows.learn(again, 'terms', windowTermsCodec.encode(TERMS))).rejects.toThrow(
      expect.objectContaining({ code: 'WINDOW_ERASED' }),
    );
    expect(store.rows('windows').filter(([key]) => fromUtf8(key.slice(0, 1)) === 'W')).toEqual([]);
  });
});

describe('the erased windows of a stream that has had many', () => {
  it('are listed from the newest on, without a look at all the others', async () => {
    const store = createMemoryStore();
    const journal = openJournal(store, { seq: 0, counts: { flags: 0, values: 0 } }, () => []);
    const corrupt = createCorruptRows(recordingLog(), () => {});
    const tables = createTables({ journal, rowSeal: createRowSeal(cryptoRandomBytes), corrupt });
    const erased = createErasedWindows({ journal, tables, storeKey: KEY });
    const { hash: stream } = await startStream();
    const windows = Array.from({ length: 2_000 }, (_, place) => windowId(WINDOW + place));
    const groups = [1, 2];
    await Promise.all(
      windows.flatMap((window) =>
        groups.map((group) =>
          erased.begin({ scope: { stream, window, group }, ...TIMES, release: null }, [], null),
        ),
      ),
    );
    const namesOf = async (after: Parameters<typeof erased.behind>[1]) =>
      (await erased.behind(stream, after, 3)).map(
        ({ scope: { window, group } }) => `${window - WINDOW}.${group}`,
      );
    const newest = await namesOf(null);
    expect(newest).toEqual(expect.arrayContaining(['1999.1', '1999.2', '1998.1', '1998.2']));
    expect(newest.length).toBeLessThan(windows.length);
    const next = await namesOf({ window: windowId(WINDOW + 1_000), group: 1 });
    expect(next).toEqual(expect.arrayContaining(['1000.2', '999.1', '999.2']));
    expect(next).not.toContain('1001.1');
  });
});

describe('a node with as many windows of a stream as it has room for', () => {
  it('opens no other one, and starts again', async () => {
    const store = createMemoryStore();
    const stream = await startStream();
    const start = () => windowsOn(store, stream, undefined, undefined, 2);
    const windows = await start();
    const open = async (place: number): Promise<unknown> => {
      const scope = { stream: stream.hash, window: windowId(WINDOW + place), group: 0 };
      const times = { notBefore: TIMES.notBefore + place, latest: TIMES.latest + place };
      const terms = windowTermsCodec.encode({ ...TERMS, ...times });
      return windows.learn(await windows.find(scope), 'terms', terms);
    };
    await open(0);
    await open(1);
    await expectCode(open(2), 'OVERLOADED');
    expect((await start()).all()).toHaveLength(2);
  });
});
