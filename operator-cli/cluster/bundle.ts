import type { RingDocument, SensorBundle } from '../../src/ring/index.ts';

/**
 * What a sensor is given by hand: the ring document with the operator's and every domain's key pinned. Whoever
 * makes it vouches that these keys are the domains' own; a sensor has no other way to know.
 */
export function bundleOf(ring: RingDocument): SensorBundle {
  return {
    format: 1,
    ring: ring.jws,
    operatorKey: ring.operatorKey,
    domainKeys: Object.fromEntries(ring.domains.map(({ domain, key }) => [domain, key])),
    development: ring.development,
  };
}
