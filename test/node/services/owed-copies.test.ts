import { afterEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/ring/index.ts';
import { openReadingRoles, type ReadingRoles } from '../../support/reading-roles.ts';
import type { SmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, restoreDisk } from '../../support/tampering.ts';

/** Longer than several rounds of a node's care. */
const CARE_MS = 20_000;
const MARK = 0x4d;

let cloud: SmallCloud;
afterEach(() => cloud.close());

async function openedCloud(): Promise<ReadingRoles> {
  const roles = await openReadingRoles();
  cloud = roles.cloud;
  return roles;
}

const sharesAt = (node: NodeId): number => cloud.rowsAt(node, 'values').length;

/** Damages the keys of all marks on the disk of a node that is stopped. */
function damageMarks(node: NodeId): void {
  const store = cloud.store(node);
  const marks = store.rows('windows').filter(([key]) => key[0] === MARK);
  expect(marks).toHaveLength(1);
  for (const [key, value] of marks) {
    const damaged = key.slice();
    // The partition, so that it says that something else is owed.
    damaged[key.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    void store.commit([{ kind: 'delete', table: 'windows', key }]);
    store.put('windows', damaged, value);
  }
}

describe('a copy that is owed to an owner', () => {
  it('is brought by a store that has forgotten it, where the owner that has the rows does not know', async () => {
    const { reading, first, second, other } = await openedCloud();
    const empty = copyDisk(cloud.store(other));
    await cloud.stop(second);
    await reading.upload(0, first);
    expect([sharesAt(first), sharesAt(second), sharesAt(other)]).toEqual([1, 0, 1]);
    await cloud.stop(other);
    await restoreDisk(cloud.store(other), empty);
    await cloud.start(other);
    await cloud.start(second);
    await cloud.clock.advance(CARE_MS);
    expect([sharesAt(first), sharesAt(second), sharesAt(other)]).toEqual([1, 1, 0]);
    expect(cloud.handle(other).readiness().reasons.join()).not.toContain('to be fetched');
  });

  it.each(['thin', 'hinted'])('is brought also where the mark of what is %s is damaged', async (kind) => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    if (kind === 'thin') await cloud.stop(other);
    await reading.upload(0, first);
    const node = kind === 'thin' ? first : other;
    if (kind === 'hinted') await cloud.stop(node);
    else await cloud.stop(first);
    damageMarks(node);
    await Promise.all([node, second].map((one) => cloud.start(one)));
    if (kind === 'thin') await cloud.start(other);
    await cloud.clock.advance(CARE_MS);
    expect([sharesAt(first), sharesAt(second), sharesAt(other)]).toEqual([1, 1, 0]);
  });
});
