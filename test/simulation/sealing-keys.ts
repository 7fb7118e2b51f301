import type { NodeSettings } from '../../node/node.ts';
import type { DomainId } from '../../src/ring/index.ts';
import { RENEWALS_MAX } from '../support/packet-opener.ts';
import { fixedSealingKey } from '../support/simulated-keys.ts';

/** The keys that shares are sealed to, as the settings of a domain's nodes have them. */
export interface SealingKeys {
  /** What a node of the domain is started with from now on. */
  of(domain: DomainId): Pick<NodeSettings, 'sealingKey' | 'formerSealingKeys'>;
  /** How often the domain has renewed its key. */
  renewals(domain: DomainId): number;
  /** Puts another key before those that there are; false where a node would have to keep one more than it can. */
  renew(domain: DomainId): boolean;
}

export function createSealingKeys(): SealingKeys {
  const times = new Map<DomainId, number>();
  const renewals = (domain: DomainId) => times.get(domain) ?? 0;
  return {
    renewals,
    of: (domain) => ({
      sealingKey: fixedSealingKey(domain, renewals(domain)),
      formerSealingKeys: Array.from({ length: renewals(domain) }, (_, place) =>
        fixedSealingKey(domain, renewals(domain) - 1 - place),
      ),
    }),
    renew(domain) {
      if (renewals(domain) >= RENEWALS_MAX) return false;
      times.set(domain, renewals(domain) + 1);
      return true;
    },
  };
}
