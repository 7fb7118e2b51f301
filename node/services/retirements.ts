import { concat, EngineError, fromUtf8, hasCode, utf8 } from '../../src/foundation/index.ts';
import type { Log, RandomBytes } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openRetirement } from '../../src/protocol/stream-retirement.ts';
import { streamHashBytes } from '../../src/ring/identifiers.ts';
import type { NodeId, StreamHash, Verifier } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Tables } from '../engine/tables.ts';
import type { Streams } from './streams.ts';

export interface RetirementsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly streams: Streams;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly verifier: Verifier;
  readonly callPeer: CallPeer;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/** Which streams their operator has ended. The statements are signed, so any node is a source of them. */
export interface Retirements {
  /**
   * Verifies a statement and keeps it, synced. The same again changes nothing.
   * @throws EngineError `UNKNOWN_STREAM`, `SIGNATURE_INVALID` and what opening a statement throws
   */
  put(document: string): Promise<void>;
  isRetired(stream: StreamHash): boolean;
  /** The statement, where it is here and can be read. */
  statementOf(stream: StreamHash): string | undefined;
  /** @throws EngineError `STREAM_RETIRED` */
  check(stream: StreamDocument): void;
  /** Statements about streams other than the known ones. */
  unknownTo(known: readonly string[]): readonly string[];
  /** Fetches what this node lacks. @throws EngineError when the node does not answer */
  fetch(from: NodeId, signal?: AbortSignal): Promise<void>;
  /** Asks one other node, by lot, so that whoever was away or not reached learns of it. */
  run(signal: AbortSignal): Promise<void>;
}

/** Row keys in the meta table: 'T' and the stream's hash. */
const RETIRED = utf8('T');
const rowKeyOf = (stream: StreamHash): Uint8Array => concat(RETIRED, streamHashBytes(stream));

export async function openRetirements(components: RetirementsComponents): Promise<Retirements> {
  const { journal, tables, storeKey, streams, rings, self, verifier, callPeer, randomBytes, log } =
    components;
  /** Null where the statement does not open any more: the stream stays retired, and another node has the words. */
  const retired = new Map<StreamHash, string | null>();
  /** Of streams that were not found, as where this domain refused them: looked for once, not at every question. */
  const homeless = new Map<string, StreamHash>();

  const known = streams.list().map(({ hash }) => hash);
  const rows = await tables.peekMany('meta', storeKey, known.map(rowKeyOf));
  known.forEach((stream, i) => {
    const plain = rows[i];
    if (plain !== undefined) retired.set(stream, plain === null ? null : fromUtf8(plain));
  });

  async function put(document: string): Promise<void> {
    const { stream } = await openRetirement(document, verifier, rings.newest().operatorKey);
    if (typeof retired.get(stream) === 'string') return;
    await streams.find(stream).catch((error: unknown) => {
      if (hasCode(error, 'UNKNOWN_STREAM')) homeless.set(document, stream);
      throw error;
    });
    homeless.delete(document);
    journal.stage([tables.put('meta', storeKey, rowKeyOf(stream), utf8(document))]);
    await journal.synced();
    retired.set(stream, document);
  }

  async function fetch(from: NodeId, signal?: AbortSignal): Promise<void> {
    const here = [...retired].flatMap(([stream, statement]) => (statement === null ? [] : [stream]));
    const { documents } = await callPeer(from, operations.RETIREMENTS, { known: here }, signal);
    for (const document of documents) {
      const stream = homeless.get(document);
      if (stream !== undefined && streams.findHere(stream) === undefined) continue;
      // A node that hands out nonsense must not keep this one from the next statement, or from starting.
      await put(document).catch((error: unknown) => {
        if (!(error instanceof EngineError) || error.code === 'STORE_FAILED') throw error;
        log.error('a retirement of another node is not taken', { from, code: error.code });
      });
    }
  }

  return {
    put,
    fetch,
    isRetired: (stream) => retired.has(stream),
    statementOf: (stream) => retired.get(stream) ?? undefined,
    check({ hash, name }) {
      if (!retired.has(hash)) return;
      throw new EngineError(
        'STREAM_RETIRED',
        `stream ${name} is retired: it opens no window and takes no reading any more`,
      );
    },
    unknownTo(listed) {
      const there = new Set(listed);
      return [...retired].flatMap(([stream, statement]) =>
        statement === null || there.has(stream) ? [] : [statement],
      );
    },
    async run(signal) {
      const others = rings
        .newest()
        .domains.flatMap(({ nodes }) => nodes.map(({ id }) => id))
        .filter((id) => id !== self.nodeId);
      const [high = 0, low = 0] = randomBytes(2);
      const drawn = others[(high * 256 + low) % Math.max(1, others.length)];
      if (drawn !== undefined) await fetch(drawn, signal);
    },
  };
}
