import type { SealAnswer, StreamList } from '../../src/protocol/index.ts';
import type { Published } from '../../src/protocol/ring-messages.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { RingDocument, StreamHash, WindowId } from '../../src/ring/index.ts';
import { createWatchfulTransport } from '../../src/rounds/watchful-transport.ts';
import { type AuditReport, auditNodes } from './audit.ts';
import { type ClockReading, readClocks } from './clocks.ts';
import { type ComputeOutcome, computeWindow } from './compute.ts';
import { type FollowOptions, followSeries } from './follow.ts';
import type { HandedOut } from './hand-out.ts';
import type { CallOptions, OperatorPorts, WaitOptions } from './ports.ts';
import { publishRing } from './publish-ring.ts';
import { type PlacedStream, type PutOptions, putStream } from './put-stream.ts';
import { findStream, listStreams, readStream, type StreamState } from './read-streams.ts';
import { retireStream } from './retire-stream.ts';
import { computeSeries, type SeriesQuestion, type SeriesResult } from './series.ts';
import { type NodeReport, readStatus } from './status.ts';
import { type OpenedWindow, openWindow, sealWindow } from './windows.ts';
import { withinWait } from './within-wait.ts';

/** The operator's program: what a service operator can ask of the clouds, none of which trusts it with a share. */
export interface Operator {
  readonly ring: RingDocument;
  /** Hands a signed stream document to every node of its domains. */
  putStream(jws: string, options?: PutOptions): Promise<PlacedStream>;
  /** Hands the signed end of a stream to every node of its domains. */
  retireStream(stream: StreamDocument, jws: string, options?: CallOptions): Promise<HandedOut>;
  listStreams(options?: CallOptions): Promise<StreamList['streams']>;
  readStream(hash: StreamHash, options?: CallOptions): Promise<StreamState>;
  /** By name, hash or a beginning of the hash. */
  findStream(nameOrHash: string, options?: WaitOptions): Promise<StreamState>;
  openWindow(stream: StreamDocument, terms: OpenedWindow, options?: CallOptions): Promise<void>;
  seal(stream: StreamDocument, window: WindowId, options?: PartOptions): Promise<SealAnswer>;
  /** COMPUTE of one window, or one group of it: a result, or why there is none. */
  compute(stream: StreamDocument, window: WindowId, options?: PartOptions): Promise<ComputeOutcome>;
  /** COMPUTE of all sealed windows of a question, with the total of what was released and a list of what was not. */
  series(stream: StreamDocument, question?: SeriesQuestion, options?: WaitOptions): Promise<SeriesResult>;
  /** Hands over every part of a question when it is released, or never will be, until the signal aborts. */
  follow(stream: StreamDocument, question: SeriesQuestion, options: FollowOptions): Promise<void>;
  /** Gives the nodes a new ring document, or says how far one has come. */
  publishRing(jws: string, options?: CallOptions): Promise<Published>;
  /** Every node of the ring, also those that do not answer. */
  status(options?: CallOptions): Promise<readonly NodeReport[]>;
  /** Lets every node of the ring check all it has; also lists those that do not answer. */
  audit(options?: CallOptions): Promise<readonly AuditReport[]>;
  /** How far the clocks of the nodes that answer are from this program's. */
  clocks(options?: CallOptions): Promise<readonly ClockReading[]>;
}

/** A wait for one group of a window; 0 is the one group of a stream without labels. */
export interface PartOptions extends WaitOptions {
  readonly group?: number;
}

/** The operator's program over its ports; the command line, the demo and the simulator use the same one. */
export function createOperator(given: OperatorPorts): Operator {
  // Behind COMPUTE stand rounds among all nodes, which take long; one that stands still is not waited for so long.
  const ports = { ...given, transport: createWatchfulTransport(given.transport, given.clock) };
  return {
    ring: ports.ring,
    putStream: (jws, options) => putStream(ports, jws, options),
    retireStream: (stream, jws, options) => retireStream(ports, stream, jws, options),
    listStreams: (options) => listStreams(ports, options),
    readStream: (hash, options) => readStream(ports, hash, options),
    findStream: (nameOrHash, options = {}) => findStream(withinWait(ports, options), nameOrHash, options),
    openWindow: (stream, terms, options) => openWindow(ports, stream, terms, options),
    seal: (stream, window, options) => sealWindow(ports, stream, window, options),
    compute: (stream, window, options) => computeWindow(ports, stream, window, options),
    series: (stream, question, options) => computeSeries(ports, stream, question, options),
    follow: (stream, question, options) => followSeries(ports, stream, question, options),
    publishRing: (jws, options) => publishRing(ports, jws, options),
    status: (options) => readStatus(ports, options),
    audit: (options) => auditNodes(ports, options),
    clocks: (options) => readClocks(ports, options),
  };
}
