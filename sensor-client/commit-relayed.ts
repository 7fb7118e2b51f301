import { EngineError, hasCode, untilAborted } from '../src/foundation/index.ts';
import type { DomainId, NodeId, Partition, Placement } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { nodesOf } from './ask-nodes.ts';
import type { Split, SplitContext } from './commit-split.ts';
import { messageContext } from './commit-split.ts';

/** What one node says of itself, so that it is worth asking another one. */
const ELSEWHERE = ['UNREACHABLE', 'NOT_READY', 'OVERLOADED'] as const;

/** What is known of a split that was relayed. */
export interface Relayed {
  /** The node whose answer proves that it is committed; null where none does. */
  readonly by: NodeId | null;
  /** The same once the nodes have answered that were late; never rejects. */
  readonly later: Promise<NodeId | null>;
}

interface Asked extends Relayed {
  /** Whether the node has said something about the split. */
  readonly answered: boolean;
}

/**
 * Hands a split to one node, and where that is late or away to a second one: where it is the load that makes them late, one more
 * request is a quarter of what the two-phase commit by the sensor itself would add to it.
 * @param home the first node.
 * @param leftMs until the reading is given up.
 * @returns as soon as a node has answered or both are late; the two-phase commit by the sensor itself then goes on.
 */
export async function commitRelayed(
  context: SplitContext,
  split: Split,
  home: NodeId,
  leftMs: () => number,
  signal: AbortSignal,
): Promise<Relayed> {
  const first = await askRelay(context, split, home, 0, leftMs(), signal);
  const other = first.answered ? undefined : otherRelay(context, split, home);
  if (other === undefined) return first;
  const second = askRelay(context, split, other, 1, leftMs(), signal);
  // Where the first node answers meanwhile, nobody hears any more how the second one fails.
  second.catch(() => {});
  const proof = first.later.then((by) => (by === null ? second : { ...first, by }));
  const { by, later } = await Promise.race([second, proof]);
  return {
    by,
    later: Promise.race([first.later.then((it) => it ?? later), later.then((it) => it ?? first.later)]),
  };
}

/**
 * A node that has answered before, so that a crowd of sensors opens no connections for it, else an owner of the partition. Any
 * of them: were it the same one for all sensors of a node that is late, they would make that one late as well.
 */
function otherRelay(
  { directory, domains, silent }: SplitContext,
  { key }: Split,
  home: NodeId,
): NodeId | undefined {
  const { placement, ring } = directory.view(key.window);
  const away = silent.now();
  const others = (nodes: readonly NodeId[]) => nodes.filter((node) => node !== home && !away.has(node));
  const met = others(nodesOf(ring, domains).flatMap(({ id }) => (silent.hasAnswered(id) ? [id] : [])));
  const from = met.length > 0 ? met : others(firstOwners(placement, domains, partitionOf(key.readingId)));
  // Its end is as random as a number that is drawn.
  return from[(key.readingId.at(-1) ?? 0) % from.length];
}

function firstOwners(
  placement: Placement,
  domains: readonly DomainId[],
  partition: Partition,
): readonly NodeId[] {
  return domains.flatMap((domain) => placement.owners(domain, partition).slice(0, 1));
}

/**
 * Believes what the domains say through a node, not what the node says. `split.setSent` turns true before anything leaves: from
 * then on the flag may become TRUE, whatever comes back, and only where the transport itself says that nothing left it is
 * again what it was.
 */
async function askRelay(
  { directory, calls, silent, domains }: SplitContext,
  split: Split,
  node: NodeId,
  turn: number,
  leftMs: number,
  signal: AbortSignal,
): Promise<Asked> {
  const { key, parcel } = split;
  const view = directory.view(key.window);
  const partition = partitionOf(key.readingId);
  const owners = firstOwners(view.placement, domains, partition);
  const acceptors = view.placement.acceptors(domains, partition);
  const before = split.setSent;
  split.setSent = true;
  let left = true;
  const onNeverSent = () => {
    left = false;
  };
  const to = { node, context: messageContext(key, view) };
  const asked = calls.relay(to, owners, acceptors, parcel, onNeverSent);
  const by = (proved: boolean): NodeId | null => (proved ? node : null);
  const later = asked.then(by, () => null);
  try {
    const proved = await untilAborted(silent.waitRelayed(node, asked, turn, leftMs), signal);
    return { by: by(proved), later, answered: true };
  } catch (error) {
    if (signal.aborted || !(error instanceof EngineError)) throw error;
    // Not later: the sensor's own SET follows, and what is heard of this request by then is not about that one.
    split.setSent = before || left;
    return { by: null, later, answered: !hasCode(error, ...ELSEWHERE) };
  }
}
