import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { NodeId, RingDocument, WindowId } from '../../src/ring/index.ts';
import { placementOf } from './placement-of.ts';

/** The acceptors of the register of a window, of group 0, as the ring document places it. */
export function registerOf(
  { ring, stream }: { readonly ring: RingDocument; readonly stream: StreamDocument },
  window: WindowId,
): readonly NodeId[] {
  const domains = stream.domains.map(({ id }) => id);
  return placementOf(ring).registerAcceptors(domains, stream.hash, window, 0);
}
