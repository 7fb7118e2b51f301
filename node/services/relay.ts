import { EngineError, invariant } from '../../src/foundation/index.ts';
import type {
  Refusal,
  RelayRequest,
  RelayResponse,
  SetRequest,
  UploadResponse,
} from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { Peers } from '../engine/peers.ts';
import { collect, silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Admission } from './admission.ts';
import type { Packets } from './packets.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface RelayComponents {
  readonly admission: Admission;
  readonly packets: Packets;
  readonly rings: Rings;
  readonly peers: Peers;
}

/**
 * RELAY: the two-phase commit of one packet on behalf of a lone sensor, which sends one request instead of one to
 * every domain. The parts are sealed to their domains and the SET is the sensor's own, so this node can neither read
 * nor change anything, and what it answers are the words of others that it can't make up. Whatever goes wrong is left to the
 * sensor, which then speaks to each domain itself.
 * @throws EngineError with the code of a refusal, `SHARE_CONFLICT`, `WINDOW_SEALED`, `READING_UNDECIDED`,
 * `UNREACHABLE`; none of them is an outcome of the flag
 */
export type Relay = (request: RelayRequest, signal: AbortSignal) => Promise<RelayResponse>;

interface Stored {
  readonly receipt: Uint8Array;
  readonly word: Uint8Array;
}

export function createRelay({ admission, packets, rings, peers }: RelayComponents): Relay {
  /** Brings a domain its part, through the first of its owners that answers. */
  async function store(
    record: OpenWindowRecord,
    request: RelayRequest,
    domain: DomainId,
    index: number,
    signal: AbortSignal,
  ): Promise<Stored> {
    const { context, partition, parts, sensorId, publicKey, readings } = request;
    const part = parts[index];
    invariant(part !== undefined, 'a part for every domain, as was checked');
    const { encapsulated, sealed } = part;
    const packet = { sensorId, publicKey, readings, encapsulated, sealed };
    const owners = rings.of(record.scope).placement.owners(domain, partition);
    const inTurn = owners.toSorted((a, b) => Number(peers.suspected(a)) - Number(peers.suspected(b)));
    let failure: unknown = new EngineError('UNREACHABLE', `expected an owner in domain ${domain}, got none`);
    for (const owner of inTurn) {
      try {
        const upload = { context, partition, index, packets: [packet] };
        const { packets: answers } = await peers.callPeer(owner, operations.UPLOAD, upload, signal);
        return storedIn(answers[0]);
      } catch (error) {
        if (!(error instanceof EngineError && error.retry) || signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Brings every acceptor the sensor's SET with the receipts, until a quorum has voted. */
  async function set(
    acceptors: readonly NodeId[],
    request: SetRequest,
    signal: AbortSignal,
  ): Promise<RelayResponse['votes']> {
    const quorum = majority(acceptors.length);
    const refusals: Refusal[] = [];
    const votes = await collect(
      acceptors.map(async (node, acceptor) => {
        const answer = await peers
          .callPeer(node, operations.ACCEPT, request, signal)
          .catch((error: unknown) => silence(error));
        const [packet] = answer?.packets ?? [];
        if (packet === undefined) return null;
        if (packet.answer !== 'ACCEPTED') refusals.push(packet.answer);
        return packet.word === null ? null : { acceptor, word: packet.word };
      }),
      (given) => given.length >= quorum,
    );
    if (votes.length >= quorum) return votes.slice(0, quorum);
    const [refusal] = refusals;
    if (refusal !== undefined)
      throw new EngineError(refusal, 'expected a SET that the acceptors take, got refused by one');
    throw new EngineError(
      'READING_UNDECIDED',
      `expected ${quorum} of ${acceptors.length} acceptors to vote, got ${votes.length}`,
    );
  }

  return async (request, signal) => {
    const { context, partition, parts, sensorId, publicKey, readings } = request;
    const record = await admission.begun(context);
    const { domains } = record.stream;
    if (parts.length !== domains.length) {
      throw new EngineError('MALFORMED_BODY', `expected ${domains.length} parts, got ${parts.length}`);
    }
    if (record.frozen || record.settlement !== null) throw windowSealed(record);
    await packets.proveRelayed(record, request);
    const stored = await Promise.all(
      domains.map(({ id }, index) => store(record, request, id, index, signal)),
    );
    const { placement, nodesOf } = rings.of(record.scope);
    const ids = domains.map(({ id }) => id);
    const acceptors = placement.acceptors(ids, partition);
    const proofs = ids.flatMap((id, index) => {
      const part = parts[index];
      if (part === undefined || !nodesOf(id).some((node) => acceptors.includes(node))) return [];
      return [{ index, encapsulated: part.encapsulated, tag: part.tag }];
    });
    const receipts = stored.map(({ receipt }) => receipt);
    const packet = { sensorId, publicKey, readings, receipts, proofs };
    const votes = await set(acceptors, { context, partition, packets: [packet] }, signal);
    return { stored: stored.map(({ word }) => word), votes };
  };
}

/** @throws EngineError where the packet is not stored as a whole */
function storedIn(packet: UploadResponse['packets'][number] | undefined): Stored {
  const { answer = 'MALFORMED_BODY', receipt = null, word = null } = packet ?? {};
  if (receipt !== null && word !== null) return { receipt, word };
  const code = answer === 'CONFLICT' ? 'SHARE_CONFLICT' : answer;
  throw new EngineError(
    code === 'STORED' ? 'MALFORMED_BODY' : code,
    'expected a domain to store its part of the packet, and to say so',
  );
}
