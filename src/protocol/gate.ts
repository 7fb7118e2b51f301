import type { StreamPayload } from './stream-schema.ts';

/** Why a domain withholds a window; the one word that its row carries, because a number would tell what it hides. */
export type WithheldReason = 'TOO_FEW_SENSORS' | 'TOO_FEW_COMMITTED';

/** What a domain counts before it releases a window, in distinct sensors. */
export interface GateCounts {
  /** With a reading in T minus X, and accepted by this domain before the window began. */
  readonly accepted: number;
  /** With a reading in T minus X. */
  readonly included: number;
  /** With a share at this domain, in T or not. */
  readonly held: number;
}

/**
 * The disclosure gate of one domain.
 * @param floor the least number of sensors that this domain's own settings ask for, whatever a stream says.
 * @returns why the window is withheld, or null where it may be released
 */
export function gateVerdict(
  { minSensors, minCommittedPercent }: Pick<StreamPayload, 'minSensors' | 'minCommittedPercent'>,
  floor: number,
  { accepted, included, held }: GateCounts,
): WithheldReason | null {
  if (accepted < Math.max(minSensors, floor)) return 'TOO_FEW_SENSORS';
  // Otherwise a domain that drops readings would choose whose sum is told.
  if (included * 100 < held * minCommittedPercent) return 'TOO_FEW_COMMITTED';
  return null;
}
