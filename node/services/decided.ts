import { unreachable } from '../../src/foundation/index.ts';
import type {
  DecisionName,
  Exclusion,
  ReleasedRow,
  Settlement,
  WindowTerms,
} from '../../src/protocol/index.ts';
import {
  exclusionCodec,
  releasedRowCodec,
  settlementCodec,
  windowTermsCodec,
} from '../../src/protocol/index.ts';

/** A decision as it was decided: its canonical bytes and what they say. */
export interface Known<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/** What was decided about a window, as far as this node knows. */
export interface Decided {
  terms: Known<WindowTerms> | null;
  settlement: Known<Settlement> | null;
  exclusion: Known<Exclusion> | null;
  release: Known<ReleasedRow> | null;
}

export type Decision =
  | ({ readonly name: 'terms' } & Known<WindowTerms>)
  | ({ readonly name: 'settlement' } & Known<Settlement>)
  | ({ readonly name: 'exclusion' } & Known<Exclusion>)
  | ({ readonly name: 'release' } & Known<ReleasedRow>);

/** @throws EngineError `MALFORMED_BODY` and what else decoding throws, where the bytes are no value of that slot */
export function openDecision(name: DecisionName, bytes: Uint8Array): Decision {
  switch (name) {
    case 'terms':
      return { name, bytes, value: windowTermsCodec.decode(bytes) };
    case 'settlement':
      return { name, bytes, value: settlementCodec.decode(bytes) };
    case 'exclusion':
      return { name, bytes, value: exclusionCodec.decode(bytes) };
    case 'release':
      return { name, bytes, value: releasedRowCodec.decode(bytes) };
    default:
      return unreachable(name);
  }
}

/** Notes a decision; the first one stays. */
export function noteDecision(decided: Decided, decision: Decision): void {
  const { name, bytes } = decision;
  switch (name) {
    case 'terms':
      decided.terms ??= { bytes, value: decision.value };
      break;
    case 'settlement':
      decided.settlement ??= { bytes, value: decision.value };
      break;
    case 'exclusion':
      decided.exclusion ??= { bytes, value: decision.value };
      break;
    case 'release':
      decided.release ??= { bytes, value: decision.value };
      break;
    default:
      unreachable(name);
  }
}
