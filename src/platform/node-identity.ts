import type { DomainId, NodeId } from '../ring/index.ts';
import { domainId, nodeId } from '../ring/index.ts';

/** Which node of which domain a certificate speaks for: its one SAN URI `mcloud://<domain>/<node>`. */
export interface NodeIdentity {
  readonly domain: DomainId;
  readonly node: NodeId;
}

/** The SAN URI that names a node. */
export function nodeIdentityUri(identity: NodeIdentity): string {
  return `mcloud://${identity.domain}/${identity.node}`;
}

/**
 * Reads the identity from a certificate's subject alternative names as Node prints them.
 * @returns `undefined` where there is none, or more than one.
 */
export function nodeIdentityOf(subjectAltName: string | undefined): NodeIdentity | undefined {
  // Node quotes a name that holds a comma or a quote; without this a DNS name could pretend to be a URI.
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(', ').filter((name) => name.startsWith('URI:mcloud://'));
  const match = /^URI:mcloud:\/\/([^/]*)\/([^/]*)$/.exec(uris[0] ?? '');
  if (uris.length !== 1 || match === null) return undefined;
  try {
    return { domain: domainId(match[1] ?? ''), node: nodeId(match[2] ?? '') };
  } catch {
    return undefined;
  }
}
