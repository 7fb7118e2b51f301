import { EngineError } from '../../src/foundation/index.ts';
import type { StreamList, WindowSummary } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamByHistory } from '../../src/protocol/stream-document.ts';
import { openRetirement } from '../../src/protocol/stream-retirement.ts';
import { ringHistory, type StreamHash, streamHash } from '../../src/ring/index.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';
import { readHistory } from './read-history.ts';

/** Streams of one name that a message lists. */
const HASHES_SHOWN_MAX = 8;

/** A stream and its windows as one node knows them. */
export interface StreamState {
  readonly stream: StreamDocument;
  readonly windows: readonly WindowSummary[];
  /** The operator ended it: no further window, no new reading. */
  readonly retired: boolean;
}

/** The streams that the first answering node lists. */
export async function listStreams(
  ports: OperatorPorts,
  options: CallOptions = {},
): Promise<StreamList['streams']> {
  const answer = await askAnyNode(ports, nodesByTurns(ports.ring), operations.LIST_STREAMS, null, {
    ...options,
    timeoutMs: QUESTION_TIMEOUT_MS,
  });
  return answer.streams;
}

/**
 * Reads a stream's document, which proves itself by its hash and signature, and its windows.
 * @throws EngineError `UNKNOWN_STREAM`, or the rule the document breaks
 */
export async function readStream(
  ports: OperatorPorts,
  hash: StreamHash,
  options: CallOptions = {},
): Promise<StreamState> {
  const answer = await askAnyNode(
    ports,
    nodesByTurns(ports.ring),
    operations.READ_STREAM,
    { stream: hash },
    { ...options, timeoutMs: QUESTION_TIMEOUT_MS },
  );
  const stream = await openStreamByHistory(answer.document, ports.verifier, ringHistory(ports.ring), () =>
    readHistory(ports, options),
  );
  if (stream.hash !== hash) {
    throw new EngineError(
      'SIGNATURE_INVALID',
      `expected the document of stream ${hash}, got the one of ${stream.hash}`,
    );
  }
  return { stream, windows: answer.windows, retired: await isRetired(ports, stream, answer.retired) };
}

/** A node may only say so with the operator's own words. @throws EngineError `SIGNATURE_INVALID` and what opening them throws */
async function isRetired(
  { verifier, ring }: OperatorPorts,
  stream: StreamDocument,
  statement: string | undefined,
): Promise<boolean> {
  if (statement === undefined) return false;
  const retirement = await openRetirement(statement, verifier, ring.operatorKey);
  if (retirement.stream === stream.hash) return true;
  throw new EngineError(
    'SIGNATURE_INVALID',
    `expected the retirement of stream ${stream.hash}, got the one of ${retirement.stream}`,
  );
}

/**
 * Finds a stream by its hash, a beginning of it that fits only one (8 digits or more), or its name: that of the one
 * stream which is not retired, or of the only one.
 * @throws EngineError `UNKNOWN_STREAM`; `INVALID_ARGUMENT` when several fit
 */
export async function findStream(
  ports: OperatorPorts,
  nameOrHash: string,
  options: CallOptions = {},
): Promise<StreamState> {
  // A domain that refused the stream does not list it.
  if (/^[0-9a-f]{64}$/.test(nameOrHash)) return readStream(ports, streamHash(nameOrHash), options);
  const streams = await listStreams(ports, options);
  const byHash = /^[0-9a-f]{8,64}$/.test(nameOrHash)
    ? streams.filter(({ stream }) => stream.startsWith(nameOrHash))
    : [];
  const byName = streams.filter(({ name }) => name === nameOrHash);
  const living = byName.filter(({ retired }) => retired !== true);
  const found = byHash.length > 0 ? byHash : living.length > 0 ? living : byName;
  const [first, second] = found;
  if (first === undefined) {
    throw new EngineError(
      'UNKNOWN_STREAM',
      `expected the name or hash of one of ${streams.length} streams, got ${JSON.stringify(nameOrHash.slice(0, 80))}`,
    );
  }
  if (second !== undefined) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected one stream, got ${found.length} called ${nameOrHash}; name one by its hash: ${hashesOf(found)}`,
    );
  }
  return readStream(ports, streamHash(first.stream), options);
}

function hashesOf(streams: StreamList['streams']): string {
  const shown = streams.slice(0, HASHES_SHOWN_MAX).map(({ stream }) => stream.slice(0, 12));
  return [...shown, ...(streams.length > HASHES_SHOWN_MAX ? ['...'] : [])].join(', ');
}
