import { createSecureContext, type SecureContext } from 'node:tls';
import { EngineError, untilAborted } from '../foundation/index.ts';
import type { Transport } from '../ports/index.ts';
import { type ClientLink, openClientLink } from './client-link.ts';
import { LINK_LIMITS, type LinkLimits } from './transport-limits.ts';
import { sameTarget, type TransportTarget } from './transport-target.ts';

export interface LinkTransportOptions {
  /** @throws EngineError when the ring document does not list the node. */
  readonly targets: (nodeId: string) => TransportTarget;
  /** The node's own certificate and key, in PEM. */
  readonly clientCertificate: { readonly cert: string; readonly key: string };
  readonly limits?: Partial<LinkLimits>;
}

interface OpenLink {
  readonly target: TransportTarget;
  readonly link: ClientLink;
}

/**
 * The network between nodes: to each peer two kept-alive connections of mutual TLS 1.3, opened by the first call, on
 * which requests and replies travel as frames in any order. One is for calls that somebody waits for, the other for
 * patient ones, whose pages of megabytes would otherwise stand in front of a vote.
 *
 * No byte of a request leaves before the server has proved to be the node it is meant for. `send` rejects with the
 * signal's reason when that aborts, which ends the waiting and not the exchange; with `UNREACHABLE` when no answer
 * came in time or the link broke; and with `OVERLOADED` before anything is sent when too much waits for the node.
 */
export function createLinkTransport(options: LinkTransportOptions): Transport {
  const limits = { ...LINK_LIMITS, ...options.limits };
  const links = new Map<string, OpenLink>();
  const open = new Set<ClientLink>();
  /** By authority: while a node is away, reading keys and certificates for every attempt is most of the work. */
  const contexts = new Map<string, SecureContext>();
  let closed = false;

  function contextFor(authority: string): SecureContext {
    const { cert, key } = options.clientCertificate;
    const known = contexts.get(authority);
    const context = known ?? createSecureContext({ ca: authority, cert, key, minVersion: 'TLSv1.3' });
    contexts.set(authority, context);
    return context;
  }

  function linkTo(nodeId: string, patient: boolean): ClientLink {
    const target = options.targets(nodeId);
    const key = `${nodeId} ${patient}`;
    const known = links.get(key);
    if (known !== undefined && sameTarget(known.target, target)) return known.link;
    // A ring document has moved the node or changed its authority: what is under way may still end.
    known?.link.retire();
    const link = openClientLink({
      nodeId,
      target,
      secureContext: contextFor(target.trust),
      limits,
      onRetired: () => {
        if (links.get(key)?.link === link) links.delete(key);
      },
      onClosed: () => open.delete(link),
    });
    open.add(link);
    links.set(key, { target, link });
    return link;
  }

  return {
    async send(nodeId, request, { timeoutMs, signal, urgent = false }) {
      signal?.throwIfAborted();
      if (closed) throw new EngineError('UNREACHABLE', 'the transport is closed');
      const answer = linkTo(nodeId, timeoutMs > limits.urgentMs && !urgent).call(request, timeoutMs);
      return signal === undefined ? answer : untilAborted(answer, signal);
    },
    async close() {
      closed = true;
      for (const link of [...open]) link.destroy();
    },
  };
}
