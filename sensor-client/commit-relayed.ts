import { EngineError } from '../src/foundation/index.ts';
import type { NodeId } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import type { Split, SplitContext } from './commit-split.ts';
import { messageContext } from './commit-split.ts';
import { untilAborted } from './jobs.ts';

/** Whether a split that was relayed is known to be committed. */
export interface Relayed {
  readonly committed: boolean;
  /** The same once the node has answered where it was late; never rejects. */
  readonly later: Promise<boolean>;
}

/**
 * Hands a split to one node and believes what the domains say through it, not what the node says.
 * `split.setSent` turns true before anything leaves: from then on the flag may become TRUE, whatever comes back, and only where
 * the transport itself says that nothing left it is false again.
 * @param leftMs until the reading is given up.
 * @returns as soon as the node has answered or is late; the two-phase commit by the sensor itself then goes on.
 */
export async function commitRelayed(
  { directory, calls, silent, domains }: SplitContext,
  split: Split,
  node: NodeId,
  leftMs: number,
  signal: AbortSignal,
): Promise<Relayed> {
  const { key, parcel } = split;
  const view = directory.view(key.window);
  const partition = partitionOf(key.readingId);
  const owners = domains.flatMap((domain) => view.placement.owners(domain, partition).slice(0, 1));
  const acceptors = view.placement.acceptors(domains, partition);
  split.setSent = true;
  let left = true;
  const onNeverSent = () => {
    left = false;
  };
  const to = { node, context: messageContext(key, view) };
  const asked = calls.relay(to, owners, acceptors, parcel, onNeverSent);
  const later = asked.catch(() => false);
  try {
    return { committed: await untilAborted(silent.waitLone(node, asked, 0, leftMs), signal), later };
  } catch (error) {
    if (signal.aborted || !(error instanceof EngineError)) throw error;
    // Not later: the sensor's own SET follows, and what is heard of this request by then is not about that one.
    split.setSent = left;
    return { committed: false, later };
  }
}
