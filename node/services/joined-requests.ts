import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type {
  FlagAnswer,
  MessageContext,
  Packet,
  RelayRequest,
  RelayResponse,
  SetRequest,
  UploadRequest,
  UploadResponse,
} from '../../src/protocol/index.ts';
import { windowName } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Batch } from '../../src/rounds/index.ts';
import { joinBatch, openBatch } from '../../src/rounds/index.ts';
import { at } from '../engine/peers.ts';
import type { Flags } from './flags.ts';
import type { Relay, Relayed } from './relay.ts';
import type { Values } from './values.ts';

/** How long a request waits for company while others come, milliseconds: less than two syncs take, which it may save. */
export const COMPANY_MS = 2;
/** Where no two requests were under way at a time for this long, milliseconds, the next one has no company to wait for. */
export const LULL_MS = 20;
/** Requests that are carried out as one: seeds for as many of the longest shares have room in one request. */
export const JOINED_REQUESTS_MAX = 128;
/** Sealed bytes that they carry together, half of what a request to an owner may have. */
export const JOINED_BYTES_MAX = 1_048_576;

export interface JoinedRequestsComponents {
  readonly values: Pick<Values, 'upload'>;
  readonly flags: Pick<Flags, 'set'>;
  readonly relay: Relay;
  readonly clock: Clock;
}

/**
 * Requests of lone sensors: those for one partition that come together are carried out as one, so that their rows,
 * copies and votes share records and messages. Each is answered for itself.
 */
export interface JoinedRequests {
  upload(request: UploadRequest): Promise<UploadResponse['packets']>;
  set(request: SetRequest): Promise<readonly FlagAnswer[]>;
  /** @throws EngineError as {@link Relay} says, also what it returns for this request */
  relay(request: RelayRequest): Promise<RelayResponse>;
}

type OfPartition = { readonly context: MessageContext; readonly partition: Partition };

export function createJoinedRequests({
  values,
  flags,
  relay,
  clock,
}: JoinedRequestsComponents): JoinedRequests {
  /** @param bytesOf what a request of one reading carries; null for any other, which goes alone. */
  function joining<Q extends OfPartition, R>(
    bytesOf: (request: Q) => number | null,
    carryOut: (requests: readonly Q[]) => Promise<readonly R[]>,
  ): (request: Q, index?: number) => Promise<R> {
    const batches = new Map<string, Batch<Q, R>>();
    let underWay = 0;
    let crowdedAt = Number.NEGATIVE_INFINITY;

    /** A reading that comes alone waits for nothing. */
    async function linger(): Promise<void> {
      if (clock.now() <= crowdedAt + LULL_MS) await clock.sleep(COMPANY_MS);
    }

    function join(request: Q, index: number | undefined): Promise<R> {
      if (underWay > 1) crowdedAt = clock.now();
      return joinBatch(batches, keyOf(request, index), request, () =>
        openBatch({
          itemsMax: JOINED_REQUESTS_MAX,
          bytesOf: (one) => bytesOf(one) ?? 0,
          bytesMax: JOINED_BYTES_MAX,
          linger,
          send: carryOut,
          concernsOneItem,
        }),
      );
    }

    return async (request, index) => {
      if (bytesOf(request) === null) return at(await carryOut([request]), 0);
      underWay += 1;
      try {
        return await join(request, index);
      } finally {
        underWay -= 1;
      }
    };
  }

  const uploads = joining(bytesInUpload, async (requests: readonly UploadRequest[]) => {
    const packets = await values.upload(joined(requests), false);
    return dealt(packets, requests, (request) => request.packets.length);
  });
  const sets = joining(bytesInSet, async (requests: readonly SetRequest[]) => {
    const outcomes = await flags.set(joined(requests), new AbortController().signal);
    return dealt(outcomes, requests, readingsIn);
  });
  const relays = joining<RelayRequest, Relayed>(bytesInRelay, relay);

  return {
    upload: (request) => uploads(request, request.index),
    set: (request) => sets(request),
    async relay(request) {
      const relayed = await relays(request);
      if (relayed instanceof EngineError) throw relayed;
      return relayed;
    },
  };
}

function keyOf({ context, partition }: OfPartition, index?: number): string {
  return [windowName(context), context.epoch, context.placementEpoch, partition, index].join();
}

function isLone({ readings }: Packet): boolean {
  return readings.length === 1 && readings[0]?.count === 1;
}

function bytesInUpload({ packets: [packet, ...others] }: UploadRequest): number | null {
  return packet !== undefined && others.length === 0 && isLone(packet) ? packet.sealed.length : null;
}

function bytesInSet({ packets: [packet, ...others] }: SetRequest): number | null {
  return packet !== undefined && others.length === 0 && isLone(packet) ? 0 : null;
}

function bytesInRelay(request: RelayRequest): number | null {
  return isLone(request) ? Math.max(0, ...request.parts.map(({ sealed }) => sealed.length)) : null;
}

function readingsIn({ packets }: { readonly packets: readonly Packet[] }): number {
  return packets.reduce((sum, { readings }) => sum + readings.length, 0);
}

/** The first request with the packets of all. */
function joined<P, Q extends { readonly packets: readonly P[] }>(requests: readonly Q[]): Q {
  const first = at(requests, 0);
  return requests.length === 1 ? first : { ...first, packets: requests.flatMap(({ packets }) => packets) };
}

/** Answers in a row, back to their requests. */
function dealt<A, Q>(
  answers: readonly A[],
  requests: readonly Q[],
  sizeOf: (request: Q) => number,
): readonly (readonly A[])[] {
  let end = 0;
  return requests.map((request) => {
    end += sizeOf(request);
    return answers.slice(end - sizeOf(request), end);
  });
}

/** A full window refuses all though some would still fit. */
function concernsOneItem(error: unknown): boolean {
  return hasCode(error, 'WINDOW_FULL');
}
