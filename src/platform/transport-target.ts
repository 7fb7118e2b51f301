/** Where a node is reached and what vouches for it, from the ring document. */
export interface TransportTarget {
  /** `https://host:port`. */
  readonly origin: string;
  /** PEM of the certificate authority of the node's domain: the only one its certificate may come from. */
  readonly trust: string;
  /** Id of the node's domain. */
  readonly pool: string;
}

export function sameTarget(a: TransportTarget, b: TransportTarget): boolean {
  return a.origin === b.origin && a.trust === b.trust && a.pool === b.pool;
}
