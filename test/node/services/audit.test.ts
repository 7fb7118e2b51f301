import { afterEach, describe, expect, it } from 'vitest';
import { appendRow, emptyRecord, oneBody } from '../../../node/engine/row-record.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import type { ValueRow } from '../../../node/engine/rows.ts';
import { decodeValueRow, encodeValueRow } from '../../../node/engine/rows.ts';
import type { AuditReport } from '../../../operator-cli/operator/index.ts';
import { diagnose } from '../../../operator-cli/operator/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { NodeAudit } from '../../../src/protocol/index.ts';
import { entryKey, entryName, operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { dropRow, flipBit } from '../../support/tampering.ts';

/** Two domains of two nodes with two copies: every node has every row of its domain. */
const SHAPE = { nodes: [2, 2, 1], acceptors: 3, replicas: 1 } as const;
const COPIES = { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } as const;
const READINGS = ['1.5', '-2', '30'];
/** Longer than what is young to an audit, and than several rounds of care. */
const OLD_MS = 15_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

async function startWithReadings(): Promise<{ window: WindowId; readings: RawReading[] }> {
  cloud = await startSmallCloud({ shape: COPIES });
  const window = await cloud.openWindow();
  const readings = READINGS.map((reading) => cloud.reading(window, reading));
  for (const reading of readings) await reading.commit();
  return { window, readings };
}

async function auditAll(): Promise<readonly AuditReport[]> {
  return cloud.clock.until(cloud.operator.audit());
}

function auditOf(reports: readonly AuditReport[], node: NodeId | undefined): NodeAudit {
  const report = reports.find((found) => found.node === node);
  if (report === undefined || !('audit' in report)) throw new Error(`expected an audit of ${node}`);
  return report.audit;
}

/** What a person would be told, by node. */
function told(reports: readonly AuditReport[]): readonly string[] {
  return diagnose(reports, cloud.ring.epoch).map(({ node, what }) => `${node}: ${what}`);
}

/** Writes a row that is alone in its record anew as its node could, with a part of it changed. */
async function rewrite(
  node: NodeId,
  window: WindowId,
  { entry }: RawReading,
  change: Partial<ValueRow>,
): Promise<void> {
  const key = await cloud.keys(node).find(cloud.stream.hash, window, 0);
  const row = cloud.rowsAt(node, 'values').find((found) => entryName(found.entry) === entryName(entry));
  if (key === undefined || row === undefined) throw new Error(`expected the row at ${node}`);
  const record = emptyRecord();
  appendRow(record, entryKey(entry), 0, oneBody(encodeValueRow({ ...decodeValueRow(row.body), ...change })));
  const sealed = createRowSeal(cryptoRandomBytes).seal(
    key,
    'values',
    row.recordKey,
    record.bytes.slice(0, record.length),
  );
  cloud.store(node).put('values', row.recordKey, sealed);
}

describe('an audit of sound nodes', () => {
  it('finds nothing wrong, open or released, and counts what there is', async () => {
    const { window } = await startWithReadings();
    await cloud.clock.advance(OLD_MS);
    const open = await auditAll();
    expect(told(open)).toEqual([]);
    for (const node of cloud.nodeIds) {
      const { rows, windows, copies } = auditOf(open, node);
      expect(rows).toEqual({ good: READINGS.length, corrupt: 0, misplaced: 0, conflict: 0, stray: 0 });
      expect(windows).toMatchObject({ OPEN: 1, RELEASED: 0, overdue: 0 });
      expect(copies).toEqual({ partitions: READINGS.length, short: 0, foreign: 0, silent: 0 });
    }
    expectExact(await cloud.compute(window), READINGS);
    await cloud.restart();
    const released = await auditAll();
    expect(told(released)).toEqual([]);
    const states = cloud.nodeIds.map((node) => auditOf(released, node).windows.RELEASED);
    expect(Math.max(...states)).toBe(1);
  });

  it('finds nothing wrong where there is one copy of every row', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    for (const reading of READINGS) await cloud.reading(window, reading).commit();
    await cloud.clock.advance(OLD_MS);
    expect(told(await auditAll())).toEqual([]);
  });

  it('is one at a time', async () => {
    await startWithReadings();
    const [node = expect.fail('no node')] = cloud.nodeIds;
    const first = cloud.order(node, operations.AUDIT, null);
    await expectCode(cloud.order(node, operations.AUDIT, null), 'OVERLOADED');
    await first;
    expect((await cloud.order(node, operations.AUDIT, null)).node).toBe(node);
  });
});

describe('an audit finds', () => {
  it('a row with a flipped bit, which the other copy then replaces', async () => {
    const { window, readings } = await startWithReadings();
    await cloud.clock.advance(OLD_MS);
    const owner = readings[0]?.owner(0) ?? expect.fail('no owner');
    flipBit(cloud.store(owner), 'values');
    const found = await auditAll();
    expect(auditOf(found, owner).rows).toMatchObject({ good: READINGS.length - 1, corrupt: 1 });
    expect(told(found)).toContain(`${owner}: 1 row of the values table does not open`);
    await cloud.clock.advance(OLD_MS);
    expect(told(await auditAll())).toEqual([]);
    expectExact(await cloud.compute(window), READINGS);
  });

  it("another domain's share, at the node that has it and from the other nodes of its domain", async () => {
    const { window, readings } = await startWithReadings();
    const [reading = expect.fail('no reading')] = readings;
    const [owner = expect.fail('no owner'), other] = reading.owners(1);
    await rewrite(owner, window, reading, { index: 0 });
    const found = await auditAll();
    expect(auditOf(found, owner).rows).toMatchObject({ good: READINGS.length - 1, misplaced: 1 });
    expect(auditOf(found, other).copies.foreign).toBe(1);
    expect(told(found)).toEqual([expect.stringMatching(/ISOLATION/), expect.stringMatching(/ISOLATION/)]);
  });

  it('a share in conflict', async () => {
    const { window, readings } = await startWithReadings();
    const [reading = expect.fail('no reading')] = readings;
    const owner = reading.owner(2);
    await rewrite(owner, window, reading, { conflict: true });
    expect(told(await auditAll())).toEqual([`${owner}: 1 reading has two different shares`]);
  });

  it('a copy that is missing, from the node that has it, unless it may still be on its way', async () => {
    const { window } = await startWithReadings();
    const reading = cloud.reading(window, '7');
    const [owner = expect.fail('no owner'), other = owner] = reading.owners(0);
    await cloud.askAs(owner, other, operations.COPY, reading.copyRequest(0));
    expect(told(await auditAll())).toEqual([]);
    await cloud.clock.advance(OLD_MS);
    const found = await auditAll();
    expect(auditOf(found, other).copies).toMatchObject({ partitions: READINGS.length + 1, short: 1 });
    expect(auditOf(found, owner).copies).toMatchObject({ partitions: READINGS.length, short: 0 });
    expect(told(found)).toEqual([`${other}: 1 partition of which another owner lacks rows that are here`]);
  });

  it('a row that the disk has lost under its node, which fetches it from the other copy', async () => {
    const { window, readings } = await startWithReadings();
    const owner = readings[0]?.owner(0) ?? expect.fail('no owner');
    await dropRow(cloud.store(owner), 'values');
    const found = await auditAll();
    expect(auditOf(found, owner).rows).toMatchObject({ good: READINGS.length - 1, corrupt: 1 });
    await cloud.clock.advance(OLD_MS);
    expect(told(await auditAll())).toEqual([]);
    expect(cloud.rowsAt(owner, 'values')).toHaveLength(READINGS.length);
    expectExact(await cloud.compute(window), READINGS);
  });

  it('a row that belongs to no window', async () => {
    await startWithReadings();
    const [node = expect.fail('no node')] = cloud.nodeIds;
    for (const first of [0, 255]) {
      cloud.store(node).put('values', new Uint8Array(80).fill(first), cryptoRandomBytes(99));
      cloud.store(node).put('flags', new Uint8Array(7).fill(first), cryptoRandomBytes(99));
    }
    const found = await auditAll();
    expect(auditOf(found, node)).toMatchObject({ rows: { stray: 2 }, flags: { stray: 2 } });
    expect(told(found)).toEqual([`${node}: 4 rows belong to no window`]);
  });

  it('a vote that does not open, which puts the store in doubt for ever', async () => {
    const { readings } = await startWithReadings();
    const acceptor = readings[0]?.acceptor ?? expect.fail('no acceptor');
    flipBit(cloud.store(acceptor), 'flags');
    const found = auditOf(await auditAll(), acceptor);
    expect(found.flags.corrupt).toBe(1);
    expect(found.doubt).toContain('flags');
    await cloud.stop(acceptor);
    await cloud.start(acceptor);
    await cloud.clock.advance(OLD_MS);
    expect(told(await auditAll())).toContainEqual(
      expect.stringContaining(`${acceptor}: its store is in doubt: `),
    );
  });

  it('a flag that nobody resolves', async () => {
    cloud = await startSmallCloud({ shape: COPIES });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    const [here = expect.fail('no acceptor'), ...others] = reading.acceptors;
    await reading.notice(here);
    expect(auditOf(await auditAll(), here).flags).toMatchObject({ undecided: 1, overdue: 0 });
    for (const node of others) await cloud.stop(node);
    await cloud.clock.advance(30_000 + OLD_MS);
    const found = await auditAll();
    expect(auditOf(found, here).flags).toMatchObject({ undecided: 1, overdue: 1 });
    for (const node of others) {
      expect(told(found)).toContainEqual(expect.stringContaining(`${node}: no audit: UNREACHABLE`));
    }
    for (const node of others) await cloud.start(node);
    // An acceptor that never heard of the flag lets its timeout pass before it votes.
    await cloud.clock.advance(30_000 + OLD_MS);
    expect(told(await auditAll())).toEqual([]);
  });

  it('a node that is away, and what waits for it', async () => {
    const { window } = await startWithReadings();
    const [away = expect.fail('no node'), other] = cloud.nodeIds;
    await cloud.stop(away);
    const reading = cloud.reading(window, '4');
    await reading.upload(0, other);
    const found = await auditAll();
    expect(auditOf(found, other)).toMatchObject({ copies: { silent: 1 }, thinPartitions: 1 });
    expect(told(found)).toEqual([
      expect.stringContaining(`${away}: no audit: UNREACHABLE`),
      `${other}: 1 partition has too few copies`,
      `${other}: 1 node of the domain did not tell what it holds`,
    ]);
    expect(diagnose(found, cloud.ring.epoch).every(({ passing }) => passing)).toBe(true);
  });
});

describe('an inventory', () => {
  it('is answered to nodes of the same domain only', async () => {
    const { readings } = await startWithReadings();
    const { context } = readings[0]?.flagsRequest ?? expect.fail('no reading');
    const [a1 = expect.fail('no node'), a2 = a1, b1 = a1] = cloud.nodeIds;
    const { partitions } = await cloud.askAs(a2, a1, operations.INVENTORY, { context });
    expect(partitions).toHaveLength(READINGS.length);
    expect(partitions).toEqual((await cloud.askAs(a1, a2, operations.INVENTORY, { context })).partitions);
    await expectCode(cloud.askAs(b1, a1, operations.INVENTORY, { context }), 'FORBIDDEN');
  });
});
