import type { DomainId, NodeId } from '../../src/ring/identifiers.ts';

/** Who sent a request, as far as the connection and the token prove it. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'operator'; readonly scopes: readonly string[]; readonly subject: string }
  | { readonly kind: 'peer'; readonly domain: DomainId; readonly node: NodeId };

/** One operation a port offers; everything not listed is UNKNOWN_OPERATION. */
export interface ServedOperation {
  readonly method: 'GET' | 'POST';
  /** Fixed path or Fastify pattern such as `/v1/streams/:stream`. */
  readonly path: string;
  /** Content type of the request's body; `''` where the operation takes none. */
  readonly contentType: string;
  readonly bodyBytesMax: number;
  /** How long the operation may take; the shell's limit where it is absent. */
  readonly timeoutMs?: number;
}

export interface RouterRequest {
  readonly method: 'GET' | 'POST';
  /** Path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly contentType: string;
}

export interface RouterResponse {
  readonly status: number;
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** What the node's services offer to a port. A rejection becomes a problem document. */
export interface Router {
  operations(): readonly ServedOperation[];
  /** @param signal aborted when the client hangs up or the time of the operation is over. */
  handle(caller: Caller, request: RouterRequest, signal: AbortSignal): Promise<RouterResponse>;
}
