import { EngineError } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { DomainSection, RingDocument } from '../src/ring/index.ts';
import type { ElementSchema } from '../src/sharing/index.ts';

/** What a sensor agrees to, whatever the operator signed. */
export interface SensorPolicy {
  /** Take part in a ring all of whose keys one party made. It protects nothing. */
  readonly allowDevelopment: boolean;
  /** Fewest distinct sensors a stream must ask for before it releases anything. */
  readonly minSensors: number;
  /** Kinds of elements a stream may have. Cells show how many readings fell where, so they must be allowed. */
  readonly elementKinds: readonly ElementSchema['kind'][];
}

export const DEFAULT_POLICY: SensorPolicy = {
  allowDevelopment: false,
  minSensors: 1,
  elementKinds: ['count', 'moment'],
};

/** @throws EngineError `RING_REFUSED` */
export function checkRingPolicy(ring: RingDocument, policy: SensorPolicy): void {
  if (ring.development && !policy.allowDevelopment) {
    throw new EngineError(
      'RING_REFUSED',
      'expected a ring of independent domains, got a development ring, which protects nothing; allowDevelopment takes part anyway',
    );
  }
}

/** @throws EngineError `STREAM_REFUSED` naming the rule */
export function checkStreamPolicy(stream: StreamDocument, ring: RingDocument, policy: SensorPolicy): void {
  if (stream.minSensors < policy.minSensors) {
    throw refused(`expected a stream of at least ${policy.minSensors} sensors, got ${stream.minSensors}`);
  }
  const kind = stream.elements.map((element) => element.kind).find((k) => !policy.elementKinds.includes(k));
  if (kind !== undefined) {
    throw refused(`expected elements of kind ${policy.elementKinds.join(', ')}, got ${kind}`);
  }
  // One company behind two domains holds two shares of every reading.
  if (ring.development) return;
  const sections = ring.domains.filter(({ domain }) => stream.domains.some(({ id }) => id === domain));
  checkIndependent(sections, 'operator', ({ operatorName }) => operatorName);
  checkIndependent(sections, 'provider', ({ provider }) => provider);
}

function checkIndependent(
  sections: readonly DomainSection[],
  what: string,
  nameOf: (section: DomainSection) => string,
): void {
  const seen = new Map<string, string>();
  for (const section of sections) {
    const name = nameOf(section).trim().toLowerCase();
    const other = seen.get(name);
    if (other !== undefined) {
      throw refused(
        `expected another ${what} behind every domain, got one behind ${other} and ${section.domain}`,
      );
    }
    seen.set(name, section.domain);
  }
}

function refused(rule: string): EngineError {
  return new EngineError('STREAM_REFUSED', rule);
}
