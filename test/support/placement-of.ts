import { createPlacement, type Placement, type RingDocument } from '../../src/ring/index.ts';

const placements = new WeakMap<RingDocument, Placement>();

/** The placement of a document, computed once: a test that makes many readings would spend a tenth of its time on it. */
export function placementOf(ring: RingDocument): Placement {
  const placement = placements.get(ring) ?? createPlacement(ring);
  placements.set(ring, placement);
  return placement;
}
