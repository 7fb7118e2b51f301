import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type {
  Refusal,
  RelayRequest,
  RelayResponse,
  SetPacket,
  SharePacket,
  UploadResponse,
} from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { AnswerTimes } from '../../src/rounds/answer-times.ts';
import { createAnswerTimes } from '../../src/rounds/answer-times.ts';
import { createStop } from '../../src/rounds/stop.ts';
import { askInTurn } from '../engine/ask-in-turn.ts';
import type { Peers } from '../engine/peers.ts';
import { at, collect, RELAYED_TIMEOUT_MS, silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Admission } from './admission.ts';
import type { Packets } from './packets.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

/** Wait for an owner before the next one is asked as well, milliseconds, until it is known how long answers take. */
const OWNER_LATE_MS = 250;

export interface RelayComponents {
  readonly admission: Admission;
  readonly packets: Packets;
  readonly rings: Rings;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly self: { readonly nodeId: NodeId };
}

/**
 * RELAY: the two-phase commit of packets on behalf of lone sensors, each of which sends one request instead of one to
 * every domain. The parts are sealed to their domains and the SET is the sensor's own, so this node can neither read
 * nor change anything, and what it answers are the words of others that it can't make up. Whatever goes wrong is left to the
 * sensor, which then speaks to each domain itself.
 * @param requests of one context and partition, of any sensors; they travel together.
 * @returns for each its answer, or an error with the code of a refusal, `SHARE_CONFLICT`, `READING_UNDECIDED`,
 * `UNREACHABLE`; none of them is an outcome of the flag
 * @throws EngineError `WINDOW_SEALED` and what else concerns all of them
 */
export type Relay = (requests: readonly RelayRequest[]) => Promise<readonly Relayed[]>;

export type Relayed = RelayResponse | EngineError;

interface Stored {
  readonly receipt: Uint8Array;
  readonly word: Uint8Array;
}

/** A request all of whose parts are stored. */
interface Kept {
  readonly request: RelayRequest;
  readonly stored: readonly Stored[];
}

type Place = Pick<RelayRequest, 'context' | 'partition'>;

/** Brings a domain its parts, through the first of its owners that answers; one that is late is not waited for alone. */
async function store(
  { rings, peers, clock, self }: RelayComponents,
  times: AnswerTimes,
  late: Promise<void>,
  record: OpenWindowRecord,
  { context, partition }: Place,
  requests: readonly RelayRequest[],
  domain: DomainId,
  index: number,
): Promise<readonly (Stored | EngineError)[]> {
  const upload = {
    context,
    partition,
    index,
    packets: requests.map((request) => sharePacket(request, index)),
  };
  const owners = rings.of(record.scope).placement.owners(domain, partition);
  const inTurn = owners.toSorted((a, b) => Number(peers.suspected(a)) - Number(peers.suspected(b)));
  const ask = async (owner: NodeId) => {
    const from = clock.now();
    const answer = await peers.callPeer(owner, operations.UPLOAD, upload);
    // This node itself is the owner of a third of them and answers at once, so that all others would be late beside it.
    if (owner !== self.nodeId) times.note(clock.now() - from);
    return answer;
  };
  try {
    const answer = await askInTurn(inTurn, ask, late);
    return requests.map((_, place) => storedIn(answer.packets[place]));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return requests.map(() => error);
  }
}

/** Brings every acceptor the sensors' SETs with the receipts, until a quorum has voted for each. */
async function set(
  peers: Peers,
  acceptors: readonly NodeId[],
  { context, partition }: Place,
  packetsOfAll: readonly SetPacket[],
): Promise<readonly (RelayResponse['votes'] | EngineError)[]> {
  const quorum = majority(acceptors.length);
  const votes: RelayResponse['votes'][number][][] = packetsOfAll.map(() => []);
  const refusals: (Refusal | undefined)[] = [];
  const request = { context, partition, packets: packetsOfAll };
  await collect(
    acceptors.map(async (node, acceptor) => {
      const answer = await peers
        .callPeer(node, operations.ACCEPT, request)
        .catch((error: unknown) => silence(error));
      for (const [place, own] of votes.entries()) {
        const packet = answer?.packets[place];
        if (packet === undefined) continue;
        if (packet.answer !== 'ACCEPTED') refusals[place] ??= packet.answer;
        if (packet.word !== null) own.push({ acceptor, word: packet.word });
      }
      return answer;
    }),
    () => votes.every((given) => given.length >= quorum),
  );
  return votes.map((given, place) => {
    if (given.length >= quorum) return given.slice(0, quorum);
    const refusal = refusals[place];
    return refusal === undefined
      ? new EngineError(
          'READING_UNDECIDED',
          `expected ${quorum} of ${acceptors.length} acceptors to vote, got ${given.length}`,
        )
      : new EngineError(refusal, 'expected a SET that the acceptors take, got refused by one');
  });
}

/** Why a wait ends; one for all, because the platform would make one with a stack for each. */
const STORED = new DOMException('every domain has answered', 'AbortError');

export function createRelay(components: RelayComponents): Relay {
  const { admission, packets, rings, peers, clock } = components;
  const times = createAnswerTimes(OWNER_LATE_MS, RELAYED_TIMEOUT_MS);

  /** What is wrong with a request, before anybody is asked. */
  async function refusalOf(record: OpenWindowRecord, request: RelayRequest): Promise<EngineError | null> {
    const { domains } = record.stream;
    const { parts } = request;
    if (parts.length !== domains.length) {
      return new EngineError('MALFORMED_BODY', `expected ${domains.length} parts, got ${parts.length}`);
    }
    try {
      await packets.proveRelayed(record, request);
      return null;
    } catch (error) {
      if (error instanceof EngineError) return error;
      throw error;
    }
  }

  /** Commits requests that are proved to be their sensors'. */
  async function commit(
    record: OpenWindowRecord,
    place: Place,
    requests: readonly RelayRequest[],
  ): Promise<readonly Relayed[]> {
    const ids = record.stream.domains.map(({ id }) => id);
    const stored = createStop();
    // One for all domains, whose answers are of one kind; an owner of two is asked at once where the other one fails.
    const late = clock.sleep(times.lateMs(), stored.signal);
    const parts = await Promise.all(
      ids.map((id, index) => store(components, times, late, record, place, requests, id, index)),
    ).finally(() => stored.stop(STORED));
    const keptOrNot = requests.map((request, i) =>
      keptIn(
        request,
        parts.map((answers) => at(answers, i)),
      ),
    );
    const kept = keptOrNot.flatMap((one) => (one instanceof EngineError ? [] : [one]));
    if (kept.length === 0) return keptOrNot.flatMap((one) => (one instanceof EngineError ? [one] : []));
    const { placement, nodesOf } = rings.of(record.scope);
    const acceptors = placement.acceptors(ids, place.partition);
    const voting = ids.flatMap((id, index) =>
      nodesOf(id).some((node) => acceptors.includes(node)) ? [index] : [],
    );
    const votes = await set(
      peers,
      acceptors,
      place,
      kept.map((one) => setPacket(one, voting)),
    );
    let next = 0;
    return keptOrNot.map((one) => {
      if (one instanceof EngineError) return one;
      const given = at(votes, next++);
      return given instanceof EngineError
        ? given
        : { stored: one.stored.map(({ word }) => word), votes: given };
    });
  }

  return async (requests) => {
    const place = at(requests, 0);
    const record = await admission.begun(place.context);
    if (record.frozen || record.settlement !== null) throw windowSealed(record);
    const refusals = await Promise.all(requests.map((request) => refusalOf(record, request)));
    const good = requests.filter((_, i) => refusals[i] === null);
    const relayed = good.length === 0 ? [] : await commit(record, place, good);
    let next = 0;
    return refusals.map((refusal) => refusal ?? at(relayed, next++));
  };
}

// Field by field, here and below: what is spread into an object with more fields than that gets a shape of its own each time,
// which the engine makes anew, and everything that reads it is slow.
function sharePacket({ sensorId, publicKey, readings, parts }: RelayRequest, index: number): SharePacket {
  const { encapsulated, sealed } = at(parts, index);
  return { sensorId, publicKey, readings, encapsulated, sealed };
}

/** @param voting the domains of the acceptors. */
function setPacket({ request, stored }: Kept, voting: readonly number[]): SetPacket {
  const proofs = voting.map((index) => {
    const { encapsulated, tag } = at(request.parts, index);
    return { index, encapsulated, tag };
  });
  const { sensorId, publicKey, readings } = request;
  return { sensorId, publicKey, readings, receipts: stored.map(({ receipt }) => receipt), proofs };
}

function keptIn(request: RelayRequest, answers: readonly (Stored | EngineError)[]): Kept | EngineError {
  const stored: Stored[] = [];
  for (const answer of answers) {
    if (answer instanceof EngineError) return answer;
    stored.push(answer);
  }
  return { request, stored };
}

/** An error where the packet is not stored as a whole. */
function storedIn(packet: UploadResponse['packets'][number] | undefined): Stored | EngineError {
  const { answer = 'MALFORMED_BODY', receipt = null, word = null } = packet ?? {};
  if (receipt !== null && word !== null) return { receipt, word };
  const code = answer === 'CONFLICT' ? 'SHARE_CONFLICT' : answer;
  return new EngineError(
    code === 'STORED' ? 'MALFORMED_BODY' : code,
    'expected a domain to store its part of the packet, and to say so',
  );
}
