import { createElementPool } from '../../src/arithmetic/index.ts';
import { concat } from '../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import type {
  AcceptResponse,
  CopyRequest,
  FlagEntry,
  FlagsRequest,
  MessageContext,
  PacketReading,
  RelayRequest,
  SetRequest,
  ShareRow,
  UploadRequest,
} from '../../src/protocol/index.ts';
import { entryKey, operations, readingId } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { NodeId, Partition, RingDocument, WindowId } from '../../src/ring/index.ts';
import { partitionOf } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { encodeReading, split } from '../../src/sharing/index.ts';
import { freshSensor, packetsFor, sensorOf } from './fixed-sensor.ts';
import { placementOf } from './placement-of.ts';

const TIMEOUT = { timeoutMs: 10_000 };

/** The messages of one reading, one by one, so that a test can leave one out or spoil it. */
export interface RawReading {
  readonly entry: FlagEntry;
  readonly partition: Partition;
  readonly acceptors: readonly NodeId[];
  /** The first of them, which is asked where a test names no node. */
  readonly acceptor: NodeId;
  readonly flagsRequest: FlagsRequest;
  /** With the receipts that the uploads were answered with, and of others what the test can forge. */
  setRequest(change?: SetChange): Promise<SetRequest>;
  /** Everything in one request, for one node to bring to the others. */
  relayRequest(): Promise<RelayRequest>;
  /** The opened share, as the nodes of its domain copy it to each other. */
  copyRequest(index: number): CopyRequest;
  share(index: number): Uint8Array;
  shareRow(index: number): ShareRow;
  /** The share sealed to its domain, or to the domain of another node, or other rows of the same sensor. */
  uploadRequest(index: number, change?: UploadChange): Promise<UploadRequest>;
  /** The nodes that keep share `index`. */
  owners(index: number): readonly NodeId[];
  owner(index: number): NodeId;
  /** UPLOAD of its share to an acceptor, which then knows of the flag. */
  notice(node?: NodeId): Promise<unknown>;
  /** The answers alone; the receipts are kept for SET. */
  upload(index: number, node?: NodeId): Promise<unknown>;
  set(node?: NodeId): Promise<unknown>;
  /** The vote of one acceptor for TRUE, as the SDK asks for it. */
  accept(node?: NodeId, change?: SetChange): Promise<AcceptResponse>;
  get(node?: NodeId): Promise<unknown>;
  /** UPLOAD of every share, SET. */
  commit(): Promise<void>;
}

export interface FlagChange {
  readonly flags?: readonly FlagEntry[];
  /** The acceptor that is to take the packet for the sensor's word; all of them where it is left out. */
  readonly node?: NodeId;
  readonly context?: Partial<MessageContext>;
}

export interface SetChange extends FlagChange {
  readonly receipts?: readonly Uint8Array[];
}

export interface UploadChange {
  readonly rows?: readonly ShareRow[];
  readonly node?: NodeId;
  readonly context?: Partial<MessageContext>;
}

export interface RawReadingOptions {
  readonly ring: RingDocument;
  readonly stream: StreamDocument;
  readonly transport: Transport;
  readonly window: WindowId;
  readonly reading: string;
  /** Its group, 0 where the stream has none. */
  readonly label?: number;
  /** Another split under the flag of a reading that exists. */
  readonly entry?: FlagEntry;
  /** A receipt for a share that was not uploaded, where a test plays a sensor and a node that make common cause. */
  readonly forge?: (
    context: MessageContext,
    entries: readonly FlagEntry[],
    index: number,
  ) => Promise<Uint8Array>;
}

export function rawReading({
  ring,
  stream,
  transport,
  window,
  reading,
  ...rest
}: RawReadingOptions): RawReading {
  const entry: FlagEntry = rest.entry ?? {
    readingId: readingId(cryptoRandomBytes(16)),
    sensorId: freshSensor().sensorId,
    count: 1,
  };
  const partition = partitionOf(entry.readingId);
  const shares = split(
    encodeReading(stream, reading),
    stream.domains.length,
    createElementPool(cryptoRandomBytes),
  );
  const placement = placementOf(ring);
  const context: MessageContext = {
    epoch: ring.epoch,
    placementEpoch: ring.epoch,
    stream: stream.hash,
    window,
    group: rest.label ?? 0,
  };
  const acceptors = placement.acceptors(
    stream.domains.map(({ id }) => id),
    partition,
  );
  const [acceptor] = acceptors;
  if (acceptor === undefined) throw new Error('expected an acceptor of every partition');
  const flagsRequest = { context, partition, flags: [entry] };
  const given = new Map<number, Uint8Array>();
  const share = (index: number): Uint8Array => shares[index] ?? new Uint8Array(0);
  const shareRow = (index: number): ShareRow => ({ entry, share: share(index) });
  const copyRequest = (index: number): CopyRequest => ({
    context,
    partition,
    index,
    keys: entryKey(entry),
    shares: share(index),
  });
  const packets = packetsFor(ring, stream);
  const uploadRequest = async (index: number, change: UploadChange = {}): Promise<UploadRequest> => {
    const { rows = [shareRow(index)], node = owner(index) } = change;
    const own = { ...context, ...change.context };
    const readings = rows.map((row) => readingOf(row.entry));
    const joined = concat(...rows.map((row) => row.share));
    const packet = await packets.shares(sensorOf(entry), node, own, index, readings, joined);
    return { context: own, partition, index, packets: [packet] };
  };
  const receiptsNow = async (flags: readonly FlagEntry[]): Promise<Uint8Array[]> => {
    const receipts: Uint8Array[] = [];
    for (const index of shares.keys()) {
      const known = flags.length === 1 ? given.get(index) : undefined;
      const receipt = known ?? (await rest.forge?.(context, flags, index));
      if (receipt !== undefined) receipts.push(receipt);
    }
    return receipts;
  };
  const setRequest: RawReading['setRequest'] = async (change = {}) => {
    const { flags = [entry], node, receipts = await receiptsNow(flags) } = change;
    const own = { ...context, ...change.context };
    const meant = node === undefined ? acceptors : [node];
    const packet = await packets.set(sensorOf(entry), meant, own, flags.map(readingOf), receipts);
    return { context: own, partition, packets: [packet] };
  };
  const owners = (index: number): readonly NodeId[] => {
    const domain = stream.domains[index];
    return domain === undefined ? [] : placement.owners(domain.id, partition);
  };
  const owner = (index: number): NodeId => {
    const [node] = owners(index);
    if (node === undefined) throw new Error(`expected an owner of share ${index}`);
    return node;
  };
  const raw: RawReading = {
    entry,
    partition,
    acceptors,
    acceptor,
    flagsRequest,
    setRequest,
    async relayRequest() {
      const nodes = stream.domains.map((_, index) => owner(index));
      const contents = stream.domains.map((_, index) => share(index));
      const made = await packets.relay(sensorOf(entry), nodes, context, [readingOf(entry)], contents);
      return { context, partition, ...made.packet };
    },
    copyRequest,
    share,
    shareRow,
    uploadRequest,
    owners,
    owner,
    notice(node = acceptor) {
      const { domain } = placement.node(node);
      return raw.upload(
        stream.domains.findIndex(({ id }) => id === domain),
        node,
      );
    },
    async upload(index, node = owner(index)) {
      const request = await uploadRequest(index);
      const answer = await callOperation(transport, node, operations.UPLOAD, request, TIMEOUT);
      for (const { receipt } of answer.packets) if (receipt !== null) given.set(index, receipt);
      return { answers: answer.packets.map((packet) => packet.answer) };
    },
    async set(node = acceptor) {
      return callOperation(transport, node, operations.SET, await setRequest(), TIMEOUT);
    },
    async accept(node = acceptor, change = {}) {
      return callOperation(transport, node, operations.ACCEPT, await setRequest(change), TIMEOUT);
    },
    get: (node = acceptor) => callOperation(transport, node, operations.GET, flagsRequest, TIMEOUT),
    async commit() {
      for (const index of shares.keys()) await raw.upload(index);
      await raw.set();
    },
  };
  return raw;
}

const readingOf = ({ readingId: id, count }: FlagEntry): PacketReading => ({ readingId: id, count });
