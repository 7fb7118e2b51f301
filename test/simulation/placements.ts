import type { Placement, RingDocument } from '../../src/ring/index.ts';
import { createPlacement } from '../../src/ring/index.ts';

/** Placements are computed again and again, and never change. */
const placements = new WeakMap<RingDocument, Placement>();

/** Where a ring document puts things. */
export function placementOf(document: RingDocument): Placement {
  const known = placements.get(document) ?? createPlacement(document);
  placements.set(document, known);
  return known;
}
