import { readFile, rm, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError, equalBytes } from '../../src/foundation/index.ts';
import { createRandom } from '../simulation/kernel/random.ts';
import type { DiskScene, OpenedSubject, Peers } from './disk-node.ts';
import { shareAt, startDiskScene, votedTrue } from './disk-node.ts';
import { cutFile, flipBitOf, levelFiles, newestLog, recordBoundaries } from './level-files.ts';

const READINGS = 30;
const SEED = process.env.SEED ?? '20261122';
/** How much longer than a test run a soak run looks. */
const TIMES = Number(process.env.DAMAGE_TIMES ?? 1);
const SOAK_MS_MAX = 3_600_000;
/** Places between two boundaries, and bits, that a run tries; the seed decides which. */
const CUTS_BETWEEN = 25 * TIMES;
const LOG_FLIPS = 60 * TIMES;
const TABLE_FLIPS = 60 * TIMES;
const LIST_FLIPS = 20 * TIMES;

/**
 * What a node does on a damaged disk: it does not start, it serves and says that its store is in doubt or being
 * repaired, or everything it ever acknowledged is there. `silent` is none of these: something is missing and
 * nobody is told.
 */
type Verdict = 'refuses' | 'doubts' | 'whole' | 'silent';

let scene: DiskScene;

beforeAll(async () => {
  scene = await startDiskScene(READINGS);
});

afterAll(() => scene?.close());

/** @throws when the node shows another share or another vote than it acknowledged, whatever else it says. */
async function verdictAfter(
  damage: (folder: string) => Promise<void>,
  peers: Peers,
  from?: string,
): Promise<Verdict> {
  const folder = await scene.copy(from);
  try {
    await damage(folder);
    return await verdictOn(folder, peers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function verdictOn(folder: string, peers: Peers): Promise<Verdict> {
  let subject: OpenedSubject;
  try {
    subject = await scene.open(folder, peers);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return 'refuses';
  }
  try {
    await subject.handle.serving;
    const readyBefore = subject.handle.readiness().ready;
    const missing = await missingAt(subject);
    // A bad row may show only when it is read.
    if (!readyBefore || !subject.handle.readiness().ready) return 'doubts';
    return missing === 0 ? 'whole' : 'silent';
  } finally {
    await subject.close();
  }
}

async function missingAt({ asPeer }: OpenedSubject): Promise<number> {
  let missing = 0;
  for (const raw of scene.readings) {
    const share = await orRefused(shareAt(asPeer, raw));
    if (share === undefined) missing += 1;
    else if (!equalBytes(share, raw.share(0))) throw new Error('the node shows another share');
    const vote = await orRefused(votedTrue(asPeer, raw));
    if (vote === false) throw new Error('the node shows another vote');
    if (vote !== true) missing += 1;
  }
  return missing;
}

/** A refusal is no answer, so nothing wrong. */
async function orRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

const cutLog = (bytes: number) => async (folder: string) => cutFile(await newestLog(folder), bytes);

/** Starts and stops the node once: LevelDB moves what its log held into a table. */
async function restart(folder: string): Promise<void> {
  const subject = await scene.open(folder, 'remember');
  await subject.handle.serving;
  await subject.close();
}

/** Flips bits of one kind of file, a bit at a time; gives every flip after which something is missing silently. */
async function silentFlips(
  name: RegExp,
  flips: number,
  prepare: (folder: string) => Promise<void> = async () => {},
): Promise<{ silent: readonly string[]; verdicts: ReadonlySet<Verdict> }> {
  const random = createRandom(`flips/${name}/${SEED}`);
  const prepared = await scene.copy();
  await prepare(prepared);
  const paths = await levelFiles(prepared, name);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const silent: string[] = [];
  const verdicts = new Set<Verdict>();
  for (let i = 0; i < flips; i++) {
    const place = random.between(0, sizes.length - 1);
    const bit = random.between(0, 8 * (sizes[place] ?? 1) - 1);
    const flip = async (folder: string) => flipBitOf((await levelFiles(folder, name))[place] ?? '', bit);
    const verdict = await verdictAfter(flip, 'remember', prepared);
    verdicts.add(verdict);
    if (verdict === 'silent') silent.push(`bit ${bit} of file ${place} of ${8 * (sizes[place] ?? 0)} bits`);
  }
  await rm(prepared, { recursive: true, force: true });
  return { silent, verdicts };
}

test('a disk that nothing happened to is whole, at the first and at the second start', async () => {
  expect(await verdictAfter(async () => {}, 'remember')).toBe('whole');
  expect(await verdictAfter(restart, 'remember')).toBe('whole');
});

test('a store that was emptied is in doubt', async () => {
  const empty = async (folder: string) => rm(folder, { recursive: true });
  expect(await verdictAfter(empty, 'remember')).toBe('doubts');
});

describe('a log that was cut', { timeout: SOAK_MS_MAX }, () => {
  test('at any record or between two is noticed, because another node has seen a later commit', async () => {
    const log = await newestLogBytes();
    const random = createRandom(`cuts/${SEED}`);
    const boundaries = recordBoundaries(log).slice(0, -1);
    const between = Array.from({ length: CUTS_BETWEEN }, () => random.between(1, log.length - 1));
    const silent: string[] = [];
    for (const bytes of [...boundaries, ...between]) {
      const verdict = await verdictAfter(cutLog(bytes), 'remember');
      if (verdict === 'silent') silent.push(`${bytes} of ${log.length} bytes`);
    }
    expect(silent, `SEED=${SEED}`).toEqual([]);
  });

  test('in its middle is noticed by nobody, if nobody else has ever seen a later commit', async () => {
    const boundaries = recordBoundaries(await newestLogBytes());
    const middle = boundaries[boundaries.length >> 1] ?? 0;
    // To the store this looks like a crash before the rest was written: no node can know it alone.
    expect(await verdictAfter(cutLog(middle), 'forgot')).toBe('silent');
    expect(await verdictAfter(cutLog(middle), 'remember')).toBe('doubts');
  });
});

describe('a flipped bit', { timeout: SOAK_MS_MAX }, () => {
  test('in a log loses nothing acknowledged in silence', async () => {
    const { silent, verdicts } = await silentFlips(/^\d+\.log$/, LOG_FLIPS);
    expect(silent, `SEED=${SEED}`).toEqual([]);
    // The run did reach bytes that matter.
    expect([...verdicts]).toContain('refuses');
  });

  test('in a table file loses nothing acknowledged in silence', async () => {
    const { silent, verdicts } = await silentFlips(/^\d+\.ldb$/, TABLE_FLIPS, restart);
    expect(silent, `SEED=${SEED}`).toEqual([]);
    expect([...verdicts]).toContain('doubts');
  });

  test('in the lists of files loses nothing acknowledged in silence', async () => {
    const { silent } = await silentFlips(/^(MANIFEST-\d+|CURRENT)$/, LIST_FLIPS, restart);
    expect(silent, `SEED=${SEED}`).toEqual([]);
  });
});

async function newestLogBytes(): Promise<Uint8Array> {
  const folder = await scene.copy();
  const bytes = new Uint8Array(await readFile(await newestLog(folder)));
  await rm(folder, { recursive: true, force: true });
  return bytes;
}
