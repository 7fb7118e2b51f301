/** One request to a node, at the level both HTTP and the simulator have: a path, bytes there, bytes back. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, starting with a slash. */
  readonly path: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Bearer token of an operator's request. */
  readonly token?: string;
}

export interface TransportResponse {
  readonly status: number;
  readonly body: Uint8Array;
  readonly contentType: string;
}

export interface TransportOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Not to stand behind pages of megabytes, however long its answer may be waited for. */
  readonly urgent?: boolean;
  /** Called before a rejection where no byte of the request has left, so that it is certainly not carried out. */
  readonly onNeverSent?: () => void;
}

/**
 * Carries a request to a node and brings its answer back. A rejection means that the outcome is unknown, where nothing
 * else was said: the request may have been carried out, may still be, or never will.
 */
export interface Transport {
  /** @param nodeId the id of the node in the ring document. */
  send(nodeId: string, request: TransportRequest, options: TransportOptions): Promise<TransportResponse>;
  close(): Promise<void>;
}
