import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concat, fromUtf8 } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import { digestOf, operations, windowTermsCodec } from '../../src/protocol/index.ts';
import { signRetirement } from '../../src/protocol/stream-retirement.ts';
import { type NodeId, nodeId, windowId } from '../../src/ring/index.ts';
import { fixedKey } from '../support/development-ring.ts';
import { createTestAuthority, createTestSensor } from '../support/enrolment.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../support/small-cloud.ts';
import { copyDisk, type DiskCopy, restoreDisk } from '../support/tampering.ts';

const MINUTE = 60_000;

let cloud: SmallCloud;
/** What is on the node's disk: at least one row of every kind. */
let disk: DiskCopy;
const authority = createTestAuthority();
const [node, second, other] = ['a1', 'a2', 'b1'].map(nodeId) as [NodeId, NodeId, NodeId];

beforeAll(async () => {
  cloud = await startSmallCloud({
    shape: { nodes: [2, 1], acceptors: 3, replicas: 2 },
    stream: { retentionMs: 2 * MINUTE },
    enrolment: { enrolmentAuthorities: [authority.publicKey], allowOpenEnrolment: true },
  });
  await cloud.ask(node, operations.PUT_ROSTER, {
    document: await authority.next({ enrol: [createTestSensor()] }),
  });
  const gone = await cloud.openWindow({ latest: START_MS + MINUTE });
  await cloud.reading(gone, '1').commit();
  await cloud.clock.advance(4 * MINUTE);
  const released = await cloud.openWindow({ window: windowId(cloud.clock.now()) });
  await cloud.reading(released, '2').commit();
  await cloud.compute(released);
  const open = await cloud.openWindow({ window: windowId(cloud.clock.now()) });
  await cloud.reading(open, '3').commit();
  const thin = cloud.reading(open, '4', { group: 5 });
  await keepList(thin);
  await cloud.stop(second);
  await thin.upload(0, node);
  await cloud.start(second);
  await cloud.order(node, operations.RETIRE_STREAM, {
    document: await signRetirement(cloud.stream.hash, fixedKey('operator').signer),
  });
  await cloud.stop(node);
  // Rows that are there while an erasure or a start is under way.
  const store = cloud.store(node);
  for (const [table, letter] of [
    ['windows', 'Y'],
    ['meta', 'U'],
  ] as const) {
    const write = store.commits
      .flat()
      .find((one) => one.table === table && one.kind === 'put' && one.key[0] === letter.charCodeAt(0));
    if (write?.kind !== 'put') throw new Error(`expected a row ${letter}`);
    store.put(table, write.key, write.value);
  }
  disk = copyDisk(store);
});

afterAll(() => cloud.close());

async function keepList(reading: ReturnType<SmallCloud['reading']>): Promise<void> {
  const { context, partition } = reading.flagsRequest;
  const { accepted } = await cloud.askAs(other, node, operations.SYNOD, {
    context,
    decision: 'terms',
    kind: 'read',
    ballot: { counter: 0, proposer: 0 },
    value: null,
  });
  if (accepted === null) throw new Error('expected the terms of an open window');
  const digest = digestOf(windowTermsCodec.decode(accepted.value).setHashKey, [reading.entry]);
  await cloud.askAs(other, node, operations.KEEP_LIST, {
    context,
    partition,
    digest,
    entries: [reading.entry],
    last: true,
  });
}

const letterOf = (key: Uint8Array): string => String.fromCharCode(key[0] ?? 0);
const isDecision = (key: Uint8Array): boolean => letterOf(key) === 'W';

/** Rows that are read independently of each other, and so may be damaged together. */
const KINDS: readonly [string, TableName, (key: Uint8Array) => boolean][] = [
  ['stream', 'documents', () => true],
  ['record of flags', 'flags', () => true],
  ['record of shares', 'values', () => true],
  ['commit, ring, batch, memory, retirement and mark of a start', 'meta', () => true],
  ['decision about a window', 'windows', isDecision],
  ['vote, list, mark and note about a window', 'windows', (key) => !isDecision(key)],
];

/** Starts the node on its disk with some keys changed, and lets it answer what it is asked most. */
async function startWith(
  table: TableName,
  picks: (key: Uint8Array) => boolean,
  change: (key: Uint8Array) => Uint8Array,
): Promise<string> {
  const damaged = disk.map(
    (row) => [row[0], row[0] === table && picks(row[1]) ? change(row[1]) : row[1], row[2]] as const,
  );
  await restoreDisk(cloud.store(node), damaged);
  const handle = await cloud.start(node);
  const { reasons } = handle.readiness();
  await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  await cloud.stop(node);
  return reasons.join();
}

function flipped(key: Uint8Array, byte: number, bit: number): Uint8Array {
  const changed = key.slice();
  if (byte < key.length) changed[byte] = (changed[byte] ?? 0) ^ bit;
  return changed;
}

describe('a node starts and serves', () => {
  it('with a row of every kind on its disk', async () => {
    const kinds = disk.map(([table, key]) => {
      if (table === 'meta') return letterOf(key);
      return table === 'windows' && !isDecision(key) ? letterOf(key) : table;
    });
    expect([...new Set(kinds)].sort().join()).toBe('C,E,M,R,S,T,U,X,Y,documents,flags,values,windows');
    const slots = ['terms', 'settlement', 'exclusion', 'release'];
    for (const letter of ['S', 'W']) {
      const names = disk.flatMap(([table, key]) =>
        table === 'windows' && letterOf(key) === letter ? [fromUtf8(key.subarray(43))] : [],
      );
      for (const slot of slots) expect(names).toContain(letter === 'W' ? `D/${slot}` : slot);
    }
  });

  describe.each(KINDS)('whatever bit has flipped in the key of a %s', (_, table, picks) => {
    const longest = () =>
      Math.max(...disk.map((row) => (row[0] === table && picks(row[1]) ? row[1].length : 0)));

    it('at every byte', async () => {
      for (let byte = 0; byte < longest(); byte++) {
        await startWith(table, picks, (key) => flipped(key, byte, 0x80));
      }
    });

    it('or where a key has lost or won bytes', async () => {
      for (const length of [1, 3, 9, 31, 33, 42, 44]) {
        await startWith(table, picks, (key) => concat(key, key).slice(0, length));
      }
    });
  });

  it.each(['C', 'E', 'S'])(
    'and votes no more where the key of a row %s of its own memory is damaged',
    async (letter) => {
      const reasons = await startWith(
        'meta',
        (key) => letterOf(key) === letter,
        (key) => flipped(key, 2, 4),
      );
      expect(reasons).toMatch(
        /^store in doubt, .*: (a commit record|a stored ring document|what it remembers)/,
      );
    },
  );

  it.each(['M', 'S', 'W', 'Y'])(
    'and votes no more where the key of a row %s about a window is damaged',
    async (letter) => {
      const picks = (key: Uint8Array): boolean => letterOf(key) === letter;
      for (const byte of [2, 33, 40, 42]) {
        const reasons = await startWith('windows', picks, (key) => flipped(key, byte, 0x80));
        expect(reasons).toContain('a row of the windows table does not authenticate');
      }
    },
  );
});
