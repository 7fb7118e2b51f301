import { checkElements, ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { concat, EngineError } from '../../src/foundation/index.ts';
import type { CopyRequest, ShareColumns, UploadRequest, UploadResponse } from '../../src/protocol/index.ts';
import { createReceipts, ENTRY_KEY_BYTES, operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { Peers } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Admission } from './admission.ts';
import type { FlagCensus } from './flag-census.ts';
import type { OpenedShares, Packets } from './packets.ts';
import { openedOf } from './packets.ts';
import type { Admit, ShareTable } from './share-table.ts';
import type { Spread } from './spread.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface ValuesComponents {
  readonly journal: Journal;
  readonly admission: Admission;
  readonly census: Pick<FlagCensus, 'admit'>;
  readonly packets: Packets;
  readonly streams: Streams;
  readonly shares: ShareTable;
  readonly spread: Spread;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly peers: Peers;
}

/** UPLOAD as sensors see it, and the copies between the nodes of one domain behind it. */
export interface Values {
  /**
   * UPLOAD through any node of the domain: answered when min(r, reachable nodes) copies are synced, at least one.
   * A packet that is refused takes nothing else of the request with it.
   * @throws EngineError `WRONG_DOMAIN`, `WINDOW_SEALED`
   */
  upload(request: UploadRequest, relayed: boolean): Promise<UploadResponse['packets']>;
  /** COPY from a node of this domain; taken also after the seal and of a retired stream, because it adds nothing that T does not name. */
  copy(request: CopyRequest): Promise<Conflicts>;
}

/** The places of rows under whose keys other shares are. */
type Conflicts = readonly number[];

export function createValues(components: ValuesComponents): Values {
  const { journal, admission, census, packets, streams, shares, spread, rings, self, peers } = components;

  function checkIndex({ stream }: OpenWindowRecord, got: number): void {
    const index = streams.indexOf(stream);
    if (got === index) return;
    throw new EngineError('WRONG_DOMAIN', `expected share ${index} of the stream, got share ${got}`);
  }

  /** Stores rows here; what this node does not own it keeps as a hint, marked in the same moment. */
  function storeHere(record: OpenWindowRecord, request: CopyRequest, admit: Admit): Promise<Conflicts> {
    const own = rings.of(record.scope).placement.owners(self.domain, request.partition).includes(self.nodeId);
    const before = () => (own ? undefined : spread.mark(record, request.partition));
    return shares.store(record, request, admit, before);
  }

  /** Asks nodes for a copy until `wanted` have it; an owner that is away is replaced by another node's hint. */
  async function copies(request: CopyRequest, wanted: number): Promise<readonly Conflicts[]> {
    const { placement, nodesOf } = rings.of(request.context);
    const owners = placement.owners(self.domain, request.partition).filter((node) => node !== self.nodeId);
    const others = nodesOf(self.domain).filter((node) => node !== self.nodeId && !owners.includes(node));
    const waiting = [...owners, ...others].filter((node) => !peers.suspected(node));
    const answers: Conflicts[] = [];
    while (answers.length < wanted && waiting.length > 0) {
      const asked = waiting.splice(0, wanted - answers.length);
      const replies = await Promise.all(
        asked.map((node) =>
          peers.callPeer(node, operations.COPY, request).catch((error: unknown) => silence(error)),
        ),
      );
      for (const reply of replies) if (reply !== null) answers.push(reply.conflicts);
    }
    return answers;
  }

  /** Stores opened shares here and at other nodes, and answers for all of them. */
  async function storeAll(
    record: OpenWindowRecord,
    request: CopyRequest,
    admit: Admit,
  ): Promise<ReadonlySet<number>> {
    const { ring } = rings.of(record.scope);
    const replicas = ring.domains.find(({ domain }) => domain === self.domain)?.replicas ?? 1;
    const [here, elsewhere] = await Promise.all([
      storeHere(record, request, admit),
      copies(request, replicas - 1),
    ]);
    if (elsewhere.length < replicas - 1) {
      spread.mark(record, request.partition);
      await journal.synced();
    }
    return new Set([...here, ...elsewhere.flat()]);
  }

  return {
    async upload(request, relayed) {
      const record = await admission.begun(request.context);
      checkIndex(record, request.index);
      const admit: Admit = (unvoted) => {
        if (record.frozen || record.settlement !== null) throw windowSealed(record);
        census.admit(record, unvoted);
      };
      admit(NO_KEYS);
      const opened = await packets.openShares(record, request);
      const { context, partition, index } = request;
      const rows = joined(openedOf(opened));
      const conflicting =
        rows.keys.length === 0
          ? new Set<number>()
          : await storeAll(record, { context, partition, index, ...rows }, admit);
      const receipts = createReceipts(record.terms.value.setHashKey);
      let at = 0;
      return opened.map((one) => {
        if (typeof one === 'string') return { answer: one, receipt: null, word: null, conflicts: [] };
        const first = at;
        at += one.keys.length / ENTRY_KEY_BYTES;
        const conflicts = [...conflicting]
          .filter((place) => place >= first && place < at)
          .map((place) => place - first)
          .sort((a, b) => a - b);
        return conflicts.length > 0
          ? { answer: 'CONFLICT', receipt: null, word: null, conflicts }
          : {
              answer: 'STORED',
              receipt: receipts.of(one.name, index),
              word: relayed ? one.word() : null,
              conflicts,
            };
      });
    },
    async copy(request) {
      // Whether a sensor might begin it was asked where it came: a copy that is refused here leaves it on fewer disks.
      const record = await admission.window(request.context);
      checkIndex(record, request.index);
      admission.entries(record.stream, request.partition, request.keys);
      checkShares(request, record.stream.elements.length);
      return storeHere(record, request, () => {});
    },
  };
}

const NO_KEYS = new Uint8Array(0);

/** The rows of several packets as those of one. */
function joined(packets: readonly OpenedShares[]): ShareColumns {
  const [first] = packets;
  if (first !== undefined && packets.length === 1) return first;
  return {
    keys: concat(...packets.map(({ keys }) => keys)),
    shares: concat(...packets.map(({ shares }) => shares)),
  };
}

function checkShares({ keys, shares }: ShareColumns, elements: number): void {
  const expected = (keys.length / ENTRY_KEY_BYTES) * elements * ELEMENT_BYTES;
  if (shares.length !== expected) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected ${expected} bytes, shares of ${elements} elements each, got ${shares.length}`,
    );
  }
  checkElements(shares);
}
