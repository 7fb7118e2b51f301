import type { Caller, Router } from '../../node/http/router.ts';
import type { Transport, TransportRequest, TransportResponse } from '../../src/ports/index.ts';
import type { Life } from './kernel/index.ts';

export interface NetworkSettings {
  /** Probability that a request, or an answer, never arrives. */
  readonly loss: number;
  /** Probability that a request arrives a second time, possibly much later. */
  readonly duplication: number;
  /** Longest ordinary delay of one message, ms; every message draws its own, so they overtake each other. */
  readonly delayMs: number;
  /** Probability that a message is held back for up to `stallMs`. */
  readonly stall: number;
  readonly stallMs: number;
}

export const QUIET_NETWORK: NetworkSettings = { loss: 0, duplication: 0, delayMs: 20, stall: 0, stallMs: 0 };

/** Places where a node's process may end because of a message. */
export type NetworkSite = 'request arrived' | 'reply ready';

/** One request that a node has handled, and what it said. */
export interface Exchange {
  readonly from: string;
  readonly to: string;
  /** When the request came, simulated Unix milliseconds. */
  readonly arrivedAt: number;
  readonly request: TransportRequest;
  readonly response: TransportResponse;
}

export interface NetworkHooks {
  /** Hears every answer a node gave, whether it arrived or not. */
  answered(exchange: Exchange): void;
  /** Hears of every fault, by kind. */
  fault(kind: string): void;
  /** Asked at every site; whoever wants a crash there ends the node's life itself. */
  site(site: NetworkSite, node: string): void;
}

/** Somebody who sends: its process, its place in the network, and who a node takes it for. */
export interface Sender {
  readonly life: Life;
  /** A node of the ring is known by its id, everybody else by any other name. */
  readonly name: string;
  readonly caller: Caller;
}

/** A node's process with what it answers on its two ports. */
export interface Listener {
  readonly life: Life;
  readonly publicRouter: Router;
  readonly peerRouter: Router;
}

export interface Network {
  transport(sender: Sender): Transport;
  /** The node answers from now on, for as long as its life lasts. */
  listen(nodeId: string, listener: Listener): void;
  /** The node takes no new requests; resolves when those it is handling are answered. */
  leave(nodeId: string): Promise<void>;
  /** Stops the messages of one direction; what is on its way still arrives. */
  cut(from: string, to: string): void;
  heal(from: string, to: string): void;
  /** What is sent in one direction from now on arrives no sooner than at that time; simulated Unix milliseconds. */
  clog(from: string, to: string, untilMs: number): void;
  /** From now on under other settings. */
  setFaults(settings: NetworkSettings): void;
}
