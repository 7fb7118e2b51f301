import { describe, expect, it } from 'vitest';
import { livePartition, mayDecide } from '../../sensor-client/live-partitions.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import { entriesOf, entryName, entryOfName, operations } from '../../src/protocol/index.ts';
import type { NodeId, Placement } from '../../src/ring/index.ts';
import { createPlacement, nodeId, PARTITIONS, partition, partitionOf } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { developmentRing } from '../support/development-ring.ts';
import type { Arrival, Fate } from '../support/honest-nodes.ts';
import { sensorScene } from '../support/sensor-scene.ts';

const SHAPE = { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } as const;
/** One node of every domain. */
const AWAY: ReadonlySet<NodeId> = new Set(['a1', 'b1', 'c1'].map(nodeId));
/** Far less than a reading has: whoever waits for acceptors that are away waits for all of it. */
const SOON_MS = 5_000;

const EVERY_PARTITION = Array.from({ length: PARTITIONS }, (_, at) => partition(at));

/** Nodes of which one in every domain is away from a moment on; flags are decided only where two acceptors are there. */
async function sceneWithAway() {
  let away: ReadonlySet<NodeId> = new Set();
  let leavesAtSet = false;
  let placement: Placement | undefined;
  const scene = await sensorScene({ shape: SHAPE, fate });
  placement = createPlacement(scene.ring);
  const domains = scene.stream.domains.map(({ id }) => id);

  function fate({ node, operation, body }: Arrival): Fate {
    if (away.has(node)) return new EngineError('UNREACHABLE', 'its connection is refused');
    if (operation !== 'SET' || placement === undefined) return 'arrives';
    const at = operations.SET.request.decode(body).partition;
    if (leavesAtSet) {
      away = new Set(placement.acceptors(domains, at));
      return 'reply lost';
    }
    if (mayDecide(placement, domains, at, away)) return 'arrives';
    return new EngineError('OVERLOADED', 'expected a majority of the acceptors, got one');
  }

  const idsIn = (operation: 'UPLOAD' | 'SET') =>
    new Set(
      scene.nodes.sent
        .filter((one) => one.operation === operation)
        .flatMap(({ body }) =>
          operations[operation].request.decode(body).packets.flatMap((one) => entriesOf(one)),
        )
        .map(entryName),
    );
  return {
    ...scene,
    placement,
    domains,
    idsIn,
    leave: (nodes: ReadonlySet<NodeId>) => {
      away = nodes;
    },
    /** The acceptors of the first flag that is SET leave then, and their answer is lost. */
    leaveAtSet: () => {
      leavesAtSet = true;
    },
  };
}

describe('where one node of every domain is away', () => {
  it('a reading that was never SET goes under a new id, into a partition with two live acceptors', async () => {
    const { clock, nodes, sensor, leave, idsIn, placement, domains } = await sceneWithAway();
    leave(AWAY);
    const committed = new Set<string>();
    let slowestMs = 0;
    // Sensors that have heard of nobody's absence yet, each with one reading.
    for (let i = 0; i < 24; i++) {
      const own = await sensor();
      const from = clock.now();
      committed.add((await clock.until(own.upload(i))).readingId);
      slowestMs = Math.max(slowestMs, clock.now() - from);
    }
    expect(slowestMs).toBeLessThan(SOON_MS);
    const idOf = (name: string) => toHex(entryOfName(name).readingId);
    expect(new Set([...idsIn('SET')].map(idOf))).toEqual(committed);
    // About half of the partitions have lost two acceptors or three.
    expect(idsIn('UPLOAD').size).toBeGreaterThan(committed.size + 4);
    for (const [name, outcome] of nodes.flags) {
      const at = partitionOf(entryOfName(name).readingId);
      expect(outcome).toBe(committed.has(idOf(name)) ? 'TRUE' : 'UNDECIDED');
      expect(mayDecide(placement, domains, at, AWAY)).toBe(outcome === 'TRUE');
    }
  });

  it('so do the readings of a flush, together', async () => {
    const { clock, nodes, sensor, leave, idsIn } = await sceneWithAway();
    leave(AWAY);
    for (let i = 0; i < 6; i++) {
      const own = await sensor();
      const from = clock.now();
      const summary = await clock.until(own.uploadMany(Array.from({ length: 10 }, (_, x) => x)));
      expect(summary).toMatchObject({ committed: 10, failed: 0 });
      expect(clock.now() - from).toBeLessThan(SOON_MS);
    }
    expect([...nodes.flags.values()].filter((outcome) => outcome === 'TRUE')).toHaveLength(60);
    expect(idsIn('UPLOAD').size).toBeGreaterThan(60);
    expect(nodes.sent.filter(({ operation }) => operation === 'SET')).toEqual([]);
  });

  it('a reading whose SET may have been heard keeps its id, and is undecided where nobody answers any more', async () => {
    const { clock, sensor, leaveAtSet, idsIn } = await sceneWithAway();
    leaveAtSet();
    const own = await sensor();
    await expectCode(clock.until(own.upload(1, { deadlineMs: 30_000 })), 'READING_UNDECIDED');
    expect(idsIn('UPLOAD').size).toBe(1);
  });
});

describe('a partition that is drawn', () => {
  it('is the first one where its acceptors answer, else another whose do, and none where none has', async () => {
    const placement = createPlacement(await developmentRing(SHAPE));
    const domains = ['a', 'b', 'c'].map((id) => placement.node(nodeId(`${id}1`)).domain);
    const all = new Set(['a1', 'a2', 'b1', 'b2', 'c1', 'c2'].map(nodeId));
    for (const at of EVERY_PARTITION) {
      expect(livePartition(placement, domains, at, new Set())).toBe(at);
      const drawn = livePartition(placement, domains, at, AWAY);
      if (drawn === null) throw new Error('expected a partition with two live acceptors');
      expect(mayDecide(placement, domains, drawn, AWAY)).toBe(true);
      if (mayDecide(placement, domains, at, AWAY)) expect(drawn).toBe(at);
    }
    expect(livePartition(placement, domains, partition(0), all)).toBeNull();
  });
});
