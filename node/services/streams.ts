import { EngineError, fromUtf8, toHex, utf8 } from '../../src/foundation/index.ts';
import type { Log } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { STREAMS_LISTED_MAX } from '../../src/protocol/limits.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument, shareIndex } from '../../src/protocol/stream-document.ts';
import { streamHashBytes } from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, StreamHash, Verifier } from '../../src/ring/index.ts';
import { ringOfStreams } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';

/** Unknown streams looked for among peers at once: anyone may name one, and each costs a question to every node. */
const SEARCHES_MAX = 16;

export interface StreamsComponents {
  readonly journal: Journal;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly verifier: Verifier;
  readonly callPeer: CallPeer;
  readonly log: Log;
  readonly enrolmentAuthorities: readonly string[];
  readonly allowOpenEnrolment: boolean;
}

/** The stream documents this node has. They are signed and named by their hash, so any source will do. */
export interface Streams {
  /** @throws EngineError `UNKNOWN_STREAM` when neither this node nor a peer that answers has it. */
  find(hash: StreamHash): Promise<StreamDocument>;
  /** Checks, stores and syncs a document. @throws EngineError `STREAM_REFUSED` and what reading it throws. */
  put(jws: string): Promise<StreamDocument>;
  /** The document if this node has it; asks nobody. */
  findHere(hash: StreamHash): StreamDocument | undefined;
  list(): readonly StreamDocument[];
  /** Place of this node's domain in the stream. @throws EngineError `WRONG_DOMAIN` */
  indexOf(stream: StreamDocument): number;
}

export async function openStreams(components: StreamsComponents): Promise<Streams> {
  const { journal, rings, self, verifier, callPeer, log } = components;
  const known = new Map<StreamHash, StreamDocument>();
  const asked = new Map<StreamHash, Promise<StreamDocument>>();

  for (const [key, value] of await allDocuments(journal)) {
    // A document that no longer verifies was altered on disk; without it the stream is unknown, and asked for again.
    const document = await openStored(value).catch(() => null);
    if (document !== null && document.hash === toHex(key)) known.set(document.hash, document);
    else log.error('a stored stream document does not verify', { stream: toHex(key) });
  }

  /** Rejects whatever is wrong with the bytes: one flipped bit may leave them no text at all. */
  async function openStored(bytes: Uint8Array): Promise<StreamDocument> {
    return openStreamDocument(fromUtf8(bytes), verifier, ringOfStreams(rings.history()));
  }

  async function put(jws: string): Promise<StreamDocument> {
    const document = await openStreamDocument(jws, verifier, ringOfStreams(rings.history()));
    if (known.has(document.hash)) return document;
    checkEnrolment(document);
    if (known.size >= STREAMS_LISTED_MAX) {
      throw new EngineError('STREAM_REFUSED', `expected at most ${STREAMS_LISTED_MAX} streams on a node`);
    }
    journal.stage([
      { kind: 'put', table: 'documents', key: streamHashBytes(document.hash), value: utf8(jws) },
    ]);
    await journal.synced();
    known.set(document.hash, document);
    return document;
  }

  /** Who may upload is for each domain to say: neither the stream's document nor the ring's can open it. */
  function checkEnrolment({ name, enrolment }: StreamDocument): void {
    if (enrolment === 'open' && !components.allowOpenEnrolment) {
      throw new EngineError(
        'STREAM_REFUSED',
        `expected enrolment required in stream ${name}: domain ${self.domain} does not allow open enrolment`,
      );
    }
    if (enrolment === 'required' && components.enrolmentAuthorities.length === 0) {
      throw new EngineError(
        'STREAM_REFUSED',
        `expected an enrolment authority in the settings of domain ${self.domain} for stream ${name}, got none`,
      );
    }
  }

  async function fetch(hash: StreamHash): Promise<StreamDocument> {
    for (const node of rings.newest().domains.flatMap(({ nodes }) => nodes)) {
      if (node.id === self.nodeId) continue;
      try {
        const { document } = await callPeer(node.id, operations.READ_STREAM, { stream: hash });
        const opened = await openStreamDocument(document, verifier, ringOfStreams(rings.history()));
        if (opened.hash === hash) return await put(document);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
    }
    throw new EngineError('UNKNOWN_STREAM', `expected a stream of this ring, got ${hash}`);
  }

  return {
    async find(hash) {
      const document = known.get(hash);
      if (document !== undefined) return document;
      if (asked.size >= SEARCHES_MAX)
        throw new EngineError('OVERLOADED', 'too many unknown streams are looked for');
      const asking = asked.get(hash) ?? fetch(hash).finally(() => asked.delete(hash));
      asked.set(hash, asking);
      return asking;
    },
    put,
    findHere: (hash) => known.get(hash),
    list: () => [...known.values()],
    indexOf(stream) {
      const index = shareIndex(stream, self.domain);
      if (index !== undefined) return index;
      throw new EngineError('WRONG_DOMAIN', `stream ${stream.name} is not kept by domain ${self.domain}`);
    },
  };
}

function allDocuments(journal: Journal): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
  const to = Uint8Array.from({ length: 33 }, () => 255);
  return journal.range('documents', { from: new Uint8Array(0), to, limit: STREAMS_LISTED_MAX });
}
