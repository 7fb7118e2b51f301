import type { ValueCodec } from '../../src/protocol/decision-values.ts';
import type {
  DecisionName,
  Exclusion,
  ReleasedRow,
  Settlement,
  WindowTerms,
} from '../../src/protocol/index.ts';
import { DECISION_CODECS } from '../../src/protocol/index.ts';

/** What each decision is about. */
interface DecisionValues {
  readonly terms: WindowTerms;
  readonly settlement: Settlement;
  readonly exclusion: Exclusion;
  readonly release: ReleasedRow;
}

/** A decision as it was decided: its canonical bytes and what they say. */
export interface Known<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

export type KnownDecision<N extends DecisionName> = Known<DecisionValues[N]>;

/** What was decided about a window, as far as this node knows. */
export type Decided = { [N in DecisionName]: KnownDecision<N> | null };

const CODECS: { readonly [N in DecisionName]: ValueCodec<DecisionValues[N]> } = DECISION_CODECS;

/** @throws EngineError `MALFORMED_BODY` and what else decoding throws, where the bytes are no value of that slot */
export function openDecision<N extends DecisionName>(name: N, bytes: Uint8Array): KnownDecision<N> {
  return { bytes, value: CODECS[name].decode(bytes) };
}

/** What is known of one decision. */
export function knownOf<N extends DecisionName>(decided: Decided, name: N): KnownDecision<N> | null {
  return decided[name];
}

/** Notes a decision; the first one stays. */
export function noteDecision<N extends DecisionName>(
  decided: Decided,
  name: N,
  decision: KnownDecision<N>,
): void {
  const slots: { [K in N]: KnownDecision<K> | null } = decided;
  slots[name] ??= decision;
}
