import type { RandomBytes } from '../src/ports/index.ts';
import type { DomainId, NodeId, Partition, Placement } from '../src/ring/index.ts';
import { PARTITIONS, partition } from '../src/ring/index.ts';
import { nodesOf } from './ask-nodes.ts';
import { PARTITION_MS } from './limits.ts';
import { mayDecide } from './live-partitions.ts';
import type { RingView } from './ring-book.ts';

/** The node that a lone sensor keeps to, and a partition whose shares it keeps itself. */
export interface Home {
  readonly node: NodeId;
  readonly partition: Partition;
}

/** Where the lone readings of a sensor go. */
export interface Homes {
  /** Null where no node is known to answer. */
  choose(
    view: RingView,
    domains: readonly DomainId[],
    silent: ReadonlySet<NodeId>,
    nowMs: number,
  ): Home | null;
  /**
   * The node did not help where another one did, or the sensor itself.
   * @param to the other one; where it is null any is chosen next, as a rule another.
   */
  move(from: NodeId, to: NodeId | null): void;
}

/**
 * One node for as long as it answers, so that a sensor has few connections; another sensor has another one. A reading
 * goes into a partition that this node is the first owner of, and the time says into which of them: the readings of
 * one moment, of all sensors that keep to the node, then share its messages and records. One whose acceptors are
 * known to be silent loses its turn to the next.
 */
export function createHomes(randomBytes: RandomBytes): Homes {
  let home: NodeId | null = null;
  let known: {
    readonly placement: Placement;
    readonly node: NodeId;
    readonly own: readonly Partition[];
  } | null = null;

  /** A number below `most`, evenly enough for choosing among a few. */
  function draw(most: number): number {
    const [a = 0, b = 0, c = 0] = randomBytes(3);
    return (a * 65_536 + b * 256 + c) % most;
  }

  function ownOf({ placement }: RingView, domain: DomainId, node: NodeId): readonly Partition[] {
    if (known?.placement === placement && known.node === node) return known.own;
    const all = Array.from({ length: PARTITIONS }, (_, number) => partition(number));
    const own = all.filter((one) => placement.owners(domain, one)[0] === node);
    known = { placement, node, own };
    return own;
  }

  return {
    choose(view, domains, silent, nowMs) {
      const nodes = nodesOf(view.ring, domains).filter(({ id }) => !silent.has(id));
      const found = nodes.find(({ id }) => id === home) ?? nodes[draw(Math.max(1, nodes.length))];
      if (found === undefined) return null;
      home = found.id;
      const own = ownOf(view, found.domain, found.id);
      const turn = Math.floor(nowMs / PARTITION_MS) % own.length;
      const inTurn = silent.size === 0 ? [] : [...own.slice(turn), ...own.slice(0, turn)];
      const live = inTurn.find((one) => mayDecide(view.placement, domains, one, silent));
      const chosen = live ?? own[turn];
      return chosen === undefined ? null : { node: found.id, partition: chosen };
    },
    move(from, to) {
      if (home === from) home = to;
    },
  };
}
