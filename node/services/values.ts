import { checkElements, ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { EngineError, equalBytes } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { UploadRequest, UploadResponse } from '../../src/protocol/index.ts';
import { entryName, flagRowKey, windowName } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, Placement, RingDocument } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { ValueRow } from '../engine/rows.ts';
import { decodeValueRow, encodeValueRow } from '../engine/rows.ts';
import type { Tables } from '../engine/tables.ts';
import type { Admission } from './admission.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface ValuesComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly lock: KeyedLock;
  readonly admission: Admission;
  readonly streams: Streams;
  readonly placement: Placement;
  readonly ring: RingDocument;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly clock: Clock;
}

/** The values table as sensors see it. */
export interface Values {
  /**
   * UPLOAD; synced before the answer.
   * @throws EngineError `WRONG_DOMAIN`, `WRONG_NODE`, `WRONG_VECTOR_LENGTH`, `ELEMENT_OUT_OF_RANGE`, `WINDOW_SEALED`
   */
  upload(request: UploadRequest): Promise<UploadResponse['rows']>;
}

export function createValues(components: ValuesComponents): Values {
  const { journal, tables, lock, admission, streams, placement, ring, self, clock } = components;

  async function upload(request: UploadRequest): Promise<UploadResponse['rows']> {
    const record = await admission.window(request.context);
    const { stream } = record;
    const index = streams.indexOf(stream);
    if (request.index !== index) {
      throw new EngineError(
        'WRONG_DOMAIN',
        `expected share ${index} of the stream, got share ${request.index}`,
      );
    }
    const entries = request.rows.map(({ entry }) => entry);
    admission.entries(stream, request.partition, entries);
    const owners = placement.owners(self.domain, request.partition);
    if (!owners.includes(self.nodeId)) {
      throw new EngineError(
        'WRONG_NODE',
        `expected an owner of partition ${request.partition}: ${owners.join(', ')}`,
      );
    }
    for (const { share } of request.rows) checkShare(share, stream.elements.length);
    const answers = await lock.run(`${windowName(record.scope)}/v/${request.partition}`, () =>
      store(record, request),
    );
    await journal.synced();
    return answers;
  }

  async function store(record: OpenWindowRecord, request: UploadRequest): Promise<('STORED' | 'CONFLICT')[]> {
    const keys = request.rows.map(({ entry }) => flagRowKey(record.scope, entry));
    const plains = await tables.readMany('values', record.rowKey, keys);
    if (record.frozen || record.settlement !== null) throw windowSealed(record);
    const taken = new Map<string, Uint8Array>();
    const puts = [];
    const answers: ('STORED' | 'CONFLICT')[] = [];
    for (const [place, { entry, share }] of request.rows.entries()) {
      const plain = plains[place];
      const key = keys[place] ?? new Uint8Array(0);
      const name = entryName(entry);
      const held = taken.get(name) ?? (plain === undefined ? undefined : decodeValueRow(plain).share);
      answers.push(held === undefined || equalBytes(held, share) ? 'STORED' : 'CONFLICT');
      if (held !== undefined) continue;
      taken.set(name, share);
      const row: ValueRow = { epoch: ring.epoch, index: request.index, receivedAt: clock.now(), share };
      puts.push(tables.put('values', record.rowKey, key, encodeValueRow(row)));
    }
    journal.stage(puts);
    return answers;
  }

  return { upload };
}

function checkShare(share: Uint8Array, elements: number): void {
  if (share.length !== elements * ELEMENT_BYTES) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected a share of ${elements} elements of ${ELEMENT_BYTES} bytes, got ${share.length} bytes`,
    );
  }
  checkElements(share);
}
