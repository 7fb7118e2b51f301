import { expect, test } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { NodeId, Placement } from '../../src/ring/index.ts';
import { domainId } from '../../src/ring/index.ts';
import type { Arrival, Fate } from '../support/honest-nodes.ts';
import { grown, nextRing } from '../support/next-ring.ts';
import { placementOf } from '../support/placement-of.ts';
import { sensorScene, WINDOW } from '../support/sensor-scene.ts';

test('a flush that learns of more acceptors than it began with is committed by a majority of these', async () => {
  // Two nodes have one acceptor, three have three.
  const scene = await sensorScene({ shape: { nodes: [1, 1], acceptors: 3 }, fate });
  const { clock, nodes, ring, sensor, stream } = scene;
  const next = await nextRing(ring, grown(domainId('a')), WINDOW);
  const domains = stream.domains.map(({ id }) => id);

  /** Only the first acceptor of a partition is there for the votes. */
  function fate({ node, operation, body }: Arrival): Fate {
    if (operation !== 'ACCEPT') return 'arrives';
    const { partition } = operations.ACCEPT.request.decode(body);
    const [first] = placementOf(next).acceptors(domains, partition);
    return node === first ? 'arrives' : new EngineError('UNREACHABLE', 'its connection is refused');
  }

  const own = await sensor();
  await clock.until(own.stream());
  nodes.adopt(next);
  const { committed } = await clock.until(own.uploadMany(Array.from({ length: 10 }, (_, i) => i)));
  expect([...nodes.flags.values()].filter((outcome) => outcome === 'TRUE')).toHaveLength(committed);
});

test('a flush that has to move is given no longer by a clock that was set back meanwhile', async () => {
  const HOUR_MS = 3_600_000;
  const DEADLINE_MS = 20_000;
  let first: number | undefined;
  let away: readonly NodeId[] = [];
  let placement: Placement | undefined;
  const scene = await sensorScene({ shape: { nodes: [2, 2, 2], acceptors: 3, replicas: 2 }, fate });
  const { clock, ring, sensor, stream } = scene;
  placement = placementOf(ring);
  const domains = stream.domains.map(({ id }) => id);

  /** Two acceptors of the first partition are away, and nobody answers about another one. */
  function fate({ node, operation, body }: Arrival): Fate {
    if (operation !== 'UPLOAD' || placement === undefined) return 'arrives';
    const { partition } = operations.UPLOAD.request.decode(body);
    if (first === undefined) {
      first = partition;
      away = placement.acceptors(domains, partition).slice(0, 2);
      clock.setBack(HOUR_MS);
    }
    if (partition !== first) return 'request lost';
    return away.includes(node) ? new EngineError('UNREACHABLE', 'its connection is refused') : 'arrives';
  }

  const own = await sensor();
  await clock.until(own.stream());
  const from = clock.now() - HOUR_MS;
  const summary = await clock.until(own.uploadMany([1, 2, 3], { deadlineMs: DEADLINE_MS }));
  expect(summary.failuresByCode).toEqual({ DEADLINE_EXCEEDED: 3 });
  expect(clock.now() - from).toBeLessThan(4 * DEADLINE_MS);
});
