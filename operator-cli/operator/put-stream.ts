import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument } from '../../src/protocol/stream-document.ts';
import { type StreamHash, streamHash } from '../../src/ring/index.ts';
import { answerOrReason, askNode, everyNode } from './ask-nodes.ts';
import { type HandedOut, handOut } from './hand-out.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';
import { readStream } from './read-streams.ts';

/** A stream at its nodes. */
export interface PlacedStream extends HandedOut {
  readonly stream: StreamDocument;
}

export interface PutOptions extends CallOptions {
  /**
   * No second living stream gets the name, because commands take it for the one stream that has it: one of the same
   * terms is handed out in place of this document, as where a domain refused it or was away, and another one is refused.
   */
  readonly newName?: boolean;
}

/**
 * Hands a signed stream document to every node of its domains. Repeating it is harmless.
 * @throws EngineError the rule the document breaks, or that its name is taken or a domain does not say so, before anything is
 * sent; the refusal of any node that answered; `UNREACHABLE` when no node of some domain took it
 */
export async function putStream(
  ports: OperatorPorts,
  jws: string,
  { newName = false, ...options }: PutOptions = {},
): Promise<PlacedStream> {
  const wanted = await openStreamDocument(jws, ports.verifier, ports.ring);
  const stream = newName ? await ofThatName(ports, wanted, options) : wanted;
  const refused = `give the same command again once every domain takes it, or free its name with m-cloud stream retire ${stream.hash}`;
  return {
    stream,
    ...(await handOut(ports, stream, operations.PUT_STREAM, stream.jws, { ...options, refused })),
  };
}

/** The living stream of that name and these terms, where there is one, else the wanted one. */
async function ofThatName(
  ports: OperatorPorts,
  wanted: StreamDocument,
  options: CallOptions,
): Promise<StreamDocument> {
  const [other, ...further] = await livingOthers(ports, wanted, options);
  if (other === undefined) return wanted;
  const { stream } = await readStream(ports, other, options);
  if (further.length === 0 && termsOf(stream) === termsOf(wanted)) return stream;
  throw new EngineError(
    'STREAM_REFUSED',
    `expected a name that no other stream has, got ${wanted.name}, which is stream ${other}, of other terms; choose another one, or retire that stream first`,
  );
}

/** Streams of that name which any node lists and none as retired: one that a domain refused is at the others only. */
async function livingOthers(
  ports: OperatorPorts,
  { name, hash, domains }: StreamDocument,
  options: CallOptions,
): Promise<readonly StreamHash[]> {
  const call = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  const answers = await Promise.all(
    everyNode(ports.ring).map(async (asked) => ({
      ...asked,
      ...(await answerOrReason(options, () => askNode(ports, asked, operations.LIST_STREAMS, null, call))),
    })),
  );
  for (const { id } of domains) {
    const own = answers.filter(({ domain }) => domain === id);
    const failed = own.find((answer) => 'failure' in answer);
    if (failed === undefined || !('failure' in failed) || own.some((answer) => 'streams' in answer)) continue;
    const { code, message } = failed.failure;
    throw new EngineError(code, `expected a node of domain ${id} to list its streams, got: ${message}`);
  }
  const listed = answers
    .flatMap((answer) => ('streams' in answer ? answer.streams : []))
    .filter((one) => one.name === name && one.stream !== hash);
  const ended = new Set(listed.filter(({ retired }) => retired === true).map(({ stream }) => stream));
  const living = new Set(listed.map(({ stream }) => stream).filter((stream) => !ended.has(stream)));
  return [...living].map(streamHash);
}

/** All that the operator said of a stream; its nonce is drawn for each document. */
function termsOf({ jws: _, hash: _hash, nonce: _nonce, ...terms }: StreamDocument): string {
  return JSON.stringify(terms);
}
