import type { WindowScope } from '../../../src/protocol/index.ts';
import type { DomainId } from '../../../src/ring/index.ts';
import type { PlannedBatch } from '../private-worlds.ts';

/** When a batch was on a node's disk for the first time, and when the node says that its domain accepted it. */
interface Arrival {
  readonly durableAt: number;
  readonly acceptedAt: number;
}

export interface RosterWatchOptions {
  readonly batches: readonly PlannedBatch[];
  /** The sensors that a batch names, by the hex of their ids. */
  nameOf(sensor: number): string;
  readonly nodes: readonly { readonly node: string; readonly domain: DomainId }[];
  /** Whether what the domain's nodes have stored is not all there any more. */
  harmed(domain: DomainId): boolean;
  /** Earliest that any clock of a domain can show, in milliseconds against the world's time. */
  skewMs(domain: DomainId): number;
  violation(what: string): void;
}

/** A window as far as it matters who was accepted: its start, and before when nobody can have counted. */
interface Span {
  readonly scope: Pick<WindowScope, 'window'>;
  readonly countedFrom: number;
}

/** Whom the domains have accepted and when, by what is on their disks. */
export interface RosterWatch {
  signed(sequence: number, at: number): void;
  /** A row of the roster has become durable. */
  stored(node: string, sequence: number, arrival: Arrival): void;
  /** Whether some node of the domain may have counted the sensor in a window. */
  possiblyAccepted(domain: DomainId, sensor: string, window: Span): boolean;
  /** Whether every node of the domain must have counted it. */
  surelyAccepted(domain: DomainId, sensor: string, window: Span): boolean;
}

export function createRosterWatch(options: RosterWatchOptions): RosterWatch {
  const { batches, nodes, nameOf, harmed, skewMs, violation } = options;
  const signedAt = new Map<number, number>();
  /** By node and number of the batch. */
  const arrivals = new Map<string, Arrival[]>();

  /** The batches, from 1, that enrol or revoke a sensor. */
  function naming(what: 'enrol' | 'revoke', sensor: string): readonly number[] {
    return batches.flatMap((batch, place) =>
      batch[what].some((number) => nameOf(number) === sensor) ? [place + 1] : [],
    );
  }

  const of = (domain: DomainId) => nodes.filter((one) => one.domain === domain);
  const at = (node: string, sequence: number) => arrivals.get(`${node}/${sequence}`) ?? [];

  /** Whether all nodes of the domain had the batch before anybody could count. */
  function everywhere(domain: DomainId, sequence: number, { countedFrom }: Span): boolean {
    if (harmed(domain)) return false;
    return of(domain).every(({ node }) =>
      at(node, sequence).some(({ durableAt }) => durableAt < countedFrom),
    );
  }

  return {
    signed: (sequence, time) => void signedAt.set(sequence, time),
    stored(node, sequence, arrival) {
      arrivals.set(`${node}/${sequence}`, [...at(node, sequence), arrival]);
      const domain = nodes.find((one) => one.node === node)?.domain;
      const signed = signedAt.get(sequence);
      if (domain === undefined) return;
      if (signed === undefined || arrival.acceptedAt < Math.floor(signed + skewMs(domain)))
        violation(`GATE: ${node} dates batch ${sequence} of the roster before it was signed`);
    },
    possiblyAccepted(domain, sensor, window) {
      if (naming('revoke', sensor).some((sequence) => everywhere(domain, sequence, window))) return false;
      return naming('enrol', sensor).some((sequence) =>
        of(domain).some(({ node }) =>
          at(node, sequence).some(({ acceptedAt }) => acceptedAt <= window.scope.window),
        ),
      );
    },
    surelyAccepted(domain, sensor, window) {
      if (naming('revoke', sensor).some((sequence) => signedAt.has(sequence))) return false;
      return naming('enrol', sensor).some(
        (sequence) =>
          everywhere(domain, sequence, window) &&
          of(domain).every(({ node }) =>
            at(node, sequence).every(({ acceptedAt }) => acceptedAt <= window.scope.window),
          ),
      );
    },
  };
}
