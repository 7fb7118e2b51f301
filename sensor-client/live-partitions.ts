import type { RandomBytes } from '../src/ports/index.ts';
import type { DomainId, NodeId, Partition, Placement, WindowId } from '../src/ring/index.ts';
import { majority, PARTITIONS, partition, partitionOf } from '../src/ring/index.ts';
import { nodesOf } from './ask-nodes.ts';
import type { Directory } from './directory.ts';
import type { SilentNodes } from './silent-nodes.ts';

/** Odd, so that steps of it meet every partition: neighbours on the ring have the same acceptors. */
const STRIDE = 389;

/** Whether enough acceptors of the partition answer, as far as is known, for a flag in it to be decided. */
export function mayDecide(
  placement: Placement,
  domains: readonly DomainId[],
  at: Partition,
  silent: ReadonlySet<NodeId>,
): boolean {
  if (silent.size === 0) return true;
  const acceptors = placement.acceptors(domains, at);
  return acceptors.filter((node) => !silent.has(node)).length >= majority(acceptors.length);
}

/** A partition in which a flag may be decided: the given one, or the next where it may not; null where there is none. */
export function livePartition(
  placement: Placement,
  domains: readonly DomainId[],
  first: Partition,
  silent: ReadonlySet<NodeId>,
): Partition | null {
  for (let step = 0; step < PARTITIONS; step++) {
    const at = partition((first + step * STRIDE) % PARTITIONS);
    if (mayDecide(placement, domains, at, silent)) return at;
  }
  return null;
}

/** What a sensor knows of the nodes of its stream. */
export interface KnownNodes {
  readonly directory: Pick<Directory, 'view'>;
  readonly domains: readonly DomainId[];
  readonly silent: Pick<SilentNodes, 'now' | 'dead' | 'hasAnswered'>;
}

/**
 * Whether too few acceptors of the partition are there to decide a flag, while those of another one may be. Who is only late does not
 * count as away: an id that is given up for another counts among the readings of its window.
 */
export function isStuck(
  { directory, domains, silent }: KnownNodes,
  window: WindowId,
  at: Partition,
): boolean {
  const away = silent.dead();
  if (away.size === 0) return false;
  const { placement } = directory.view(window);
  return !mayDecide(placement, domains, at, away) && livePartition(placement, domains, at, away) !== null;
}

/** A partition that is drawn among those in which flags may be decided; any where there is none. */
export function drawLive(
  { directory, domains, silent, randomBytes }: KnownNodes & { readonly randomBytes: RandomBytes },
  window: WindowId,
): Partition {
  const drawn = partitionOf(randomBytes(2));
  const away = silent.now();
  if (away.size === 0) return drawn;
  return livePartition(directory.view(window).placement, domains, drawn, away) ?? drawn;
}

/**
 * The same for a reading whose first partition had too few: among those whose acceptors have answered, if there are such, because
 * whoever has not been heard yet may be away too.
 */
export function drawAnswering(
  context: KnownNodes & { readonly randomBytes: RandomBytes },
  window: WindowId,
): Partition {
  const { directory, domains, silent } = context;
  const drawn = drawLive(context, window);
  const { placement, ring } = directory.view(window);
  const unheard = nodesOf(ring, domains).flatMap(({ id }) => (silent.hasAnswered(id) ? [] : [id]));
  return livePartition(placement, domains, drawn, new Set(unheard)) ?? drawn;
}
