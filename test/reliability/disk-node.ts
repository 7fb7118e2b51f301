import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeHandle } from '../../node/node.ts';
import { openNode } from '../../node/node.ts';
import { openDataFolder } from '../../node/store/index.ts';
import { createOperator } from '../../operator-cli/operator/index.ts';
import { BALLOT_ZERO } from '../../src/consensus/index.ts';
import { EngineError, equalBytes } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing, systemClock } from '../../src/platform/index.ts';
import type { Transport, TransportRequest } from '../../src/ports/index.ts';
import { operations, PROBLEM_CONTENT_TYPE, problemOf, readingId } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { NodeId, RingDocument, WindowId } from '../../src/ring/index.ts';
import { nodeId, windowId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { createRandom } from '../simulation/kernel/random.ts';
import { developmentRing, fixedKey, testVerifier } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { type RawReading, type RawReadingOptions, rawReading } from '../support/raw-reading.ts';
import { recordingLog } from '../support/recording-log.ts';
import { fixedSealingKey } from '../support/simulated-keys.ts';

/** The node whose disk is damaged, its neighbour in the domain, and a node of the other domain. */
export const SUBJECT = nodeId('a1');
const NEIGHBOUR = nodeId('a2');
const OTHER = nodeId('b1');

const TIMEOUT = { timeoutMs: 10_000 };
const DAY_MS = 86_400_000;
const VOTE_POLL_MS = 10;

/** Whether the other nodes still know how far the subject's store had come. */
export type Peers = 'remember' | 'forgot';

/** Three nodes on real disks in one process, one of them stopped after it acknowledged readings. */
export interface DiskScene {
  /** Acknowledged: the subject has said that it holds the first share and the vote TRUE of each. */
  readonly readings: readonly RawReading[];
  /** Copies a data folder of the subject: where none is given, as it was when it stopped. */
  copy(from?: string): Promise<string>;
  /** Starts the subject on a folder; what it then answers reaches nobody's memory. */
  open(folder: string, peers: Peers): Promise<OpenedSubject>;
  close(): Promise<void>;
}

export interface OpenedSubject {
  readonly handle: NodeHandle;
  /** Asks the subject as a node of the ring does. */
  readonly asPeer: Transport;
  close(): Promise<void>;
}

interface Running {
  readonly handle: NodeHandle;
  close(): Promise<void>;
}

/** @param readings how many the subject acknowledges before it stops. */
export async function startDiskScene(readings: number): Promise<DiskScene> {
  const home = await mkdtemp(join(tmpdir(), 'mcloud-damage-'));
  const ring = await developmentRing({ nodes: [2, 1], replicas: 2, acceptors: 3 });
  const running = new Map<string, Running>();
  const network = (from?: NodeId) => transportTo((to) => running.get(to)?.handle, from);
  const closeAll = async () => {
    await Promise.all([...running.values()].map((one) => one.close()));
    await rm(home, { recursive: true, force: true });
  };
  try {
    for (const id of [SUBJECT, NEIGHBOUR, OTHER]) {
      running.set(id, await openOn(join(home, id), id, ring, network(id)));
    }
    await Promise.all([...running.values()].map(({ handle }) => handle.serving));
    const scene = { ring, transport: network(), ...(await openStream(ring, network())) };
    const acknowledged = await acknowledge(scene, network(OTHER), readings);
    await running.get(SUBJECT)?.close();
    running.delete(SUBJECT);
    let copies = 0;
    return {
      readings: acknowledged,
      async copy(from = join(home, SUBJECT)) {
        const folder = join(home, `copy-${copies++}`);
        await cp(from, folder, { recursive: true });
        return folder;
      },
      async open(folder, peers) {
        const reach = peers === 'remember' ? network(SUBJECT) : forgetful(network(SUBJECT));
        const subject = await openOn(folder, SUBJECT, ring, reach);
        return {
          handle: subject.handle,
          asPeer: transportTo(() => subject.handle, NEIGHBOUR),
          close: subject.close,
        };
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openOn(folder: string, id: NodeId, ring: RingDocument, peers: Transport): Promise<Running> {
  const section = ring.domains.find(({ nodes }) => nodes.some((node) => node.id === id));
  const node = section?.nodes.find((one) => one.id === id);
  if (section === undefined || node === undefined) throw new Error(`expected a node of the ring, got ${id}`);
  const { store, windowKeys, doubt } = await openDataFolder(folder, node.storeId, cryptoRandomBytes);
  try {
    const handle = await openNode(
      {
        clock: systemClock(),
        randomBytes: cryptoRandomBytes,
        store,
        keys: windowKeys,
        connect: () => peers,
        log: recordingLog(),
        verifier: testVerifier,
        sealing: nodeSealing,
      },
      {
        nodeId: id,
        domain: section.domain,
        ring: ring.jws,
        sealingKey: fixedSealingKey(section.domain),
        doubt,
        allowOpenEnrolment: true,
      },
    );
    return {
      handle,
      async close() {
        await handle.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A stream over both domains and one window of it that is open for a day. */
async function openStream(
  ring: RingDocument,
  transport: Transport,
): Promise<{ stream: StreamDocument; window: WindowId }> {
  const clock = systemClock();
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    tokenFor: async () => 'token',
  });
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const { stream } = await operator.putStream(jws);
  const window = windowId(clock.now());
  await operator.openWindow(stream, { window, notBefore: window, latest: window + DAY_MS });
  return { stream, window };
}

/** Commits readings until the subject itself has shown every vote, then lets another node see its last commit. */
async function acknowledge(
  scene: Omit<RawReadingOptions, 'reading'>,
  asOther: Transport,
  count: number,
): Promise<readonly RawReading[]> {
  const clock = systemClock();
  const random = createRandom('acknowledged readings');
  const readings: RawReading[] = [];
  for (let i = 0; i < count; i++) {
    // Ids from a fixed seed put every row at the same place of its file on every run.
    const { sensorId } = fixedSensor(`of reading ${i}`);
    const entry = { readingId: readingId(random.bytes(16)), sensorId, count: 1 };
    const raw = rawReading({ ...scene, reading: (i / 10).toFixed(1), entry });
    await raw.upload(0, SUBJECT);
    await raw.upload(1);
    await raw.set(OTHER);
    while ((await votedTrue(asOther, raw)) !== true) await clock.sleep(VOTE_POLL_MS);
    readings.push(raw);
  }
  for (const raw of readings) await raw.get(OTHER);
  return readings;
}

/** Whether the subject shows its vote TRUE for a reading; null where it shows no vote. */
export async function votedTrue(asPeer: Transport, raw: RawReading): Promise<boolean | null> {
  const { context, partition, flags } = raw.flagsRequest;
  const request = {
    context,
    partition,
    flags,
    kind: 'read' as const,
    ballot: BALLOT_ZERO,
    value: null,
  };
  const { votes } = await callOperation(asPeer, SUBJECT, operations.VOTE, request, TIMEOUT);
  const accepted = votes[0]?.accepted;
  return accepted === undefined || accepted === null ? null : accepted.value === 'TRUE';
}

/** The share the subject shows for a reading, if any. */
export async function shareAt(asPeer: Transport, raw: RawReading): Promise<Uint8Array | undefined> {
  const { context, partition } = raw.flagsRequest;
  const request = { context, partition, after: null };
  const { rows } = await callOperation(asPeer, SUBJECT, operations.ROWS, request, TIMEOUT);
  return rows.find(({ entry }) => equalBytes(entry.readingId, raw.entry.readingId))?.share;
}

/** The network as function calls: as a node where `from` is given, else as a sensor or, with a token, an operator. */
function transportTo(handleOf: (node: string) => NodeHandle | undefined, from?: NodeId): Transport {
  return {
    async send(to, request, { signal }) {
      const handle = handleOf(to);
      if (handle === undefined) throw new EngineError('UNREACHABLE', `node ${to} is not running`);
      const router = from === undefined ? handle.publicRouter : handle.peerRouter;
      const [path = '', query = ''] = request.path.split('?', 2);
      const { method, body, contentType } = request;
      const parameters = Object.fromEntries(new URLSearchParams(query));
      try {
        return await router.handle(
          callerOf(handle, from, request),
          { method, path, query: parameters, body, contentType },
          signal ?? new AbortController().signal,
        );
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        return { ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE };
      }
    },
    close: async () => {},
  };
}

function callerOf({ ring }: NodeHandle, from: NodeId | undefined, { token }: TransportRequest) {
  if (from === undefined) {
    if (token === undefined) return { kind: 'anonymous' } as const;
    return { kind: 'operator', scopes: ['compute', 'streams', 'seal', 'status'], subject: 'test' } as const;
  }
  const section = ring().domains.find(({ nodes }) => nodes.some(({ id }) => id === from));
  if (section === undefined) throw new Error(`expected a node of the ring, got ${from}`);
  return { kind: 'peer', domain: section.domain, node: from } as const;
}

/** Nodes that answer as ever and remember nothing of the subject's store. */
function forgetful(transport: Transport): Transport {
  return {
    ...transport,
    async send(to, request, options) {
      const answer = await transport.send(to, request, options);
      if (request.path !== operations.RECALL.path || answer.status !== 200) return answer;
      return { ...answer, body: operations.RECALL.response.encode({ commitSeq: 0 }) };
    },
  };
}
