import type { RouterRequest } from '../../node/http/router.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { TransportOptions, TransportRequest, TransportResponse } from '../../src/ports/index.ts';
import { PROBLEM_CONTENT_TYPE, problemOf } from '../../src/protocol/problem.ts';
import type { Kernel, Life, Random } from './kernel/index.ts';
import type { Listener, Network, NetworkHooks, NetworkSettings, Sender } from './network-types.ts';

/** A sender with what its requests share. */
interface Origin extends Sender {
  readonly random: Random;
  /** For signs of life, so that they leave what is drawn for all other messages as it is. */
  readonly urgentRandom: Random;
  /** Hang up every request under way. */
  readonly hangUps: Set<() => void>;
}

/**
 * A network that may lose, repeat, delay and reorder every message, in both directions, between any two
 * places. A request that arrives is handled by the node's own router; its answer travels back as bytes.
 * The Transport it gives rejects as the real one does: with the signal's reason, or with `UNREACHABLE`.
 */
export function createNetwork(kernel: Kernel, first: NetworkSettings, hooks: NetworkHooks): Network {
  const listeners = new Map<string, Listener>();
  /** Requests that each process is handling. */
  const handling = new Map<Life, Set<Promise<void>>>();
  const cuts = new Set<string>();
  /** Per link when what is sent over it arrives at the earliest. */
  const clogs = new Map<string, number>();
  let settings = first;

  /** Lets `arrive` happen when the message does, if it does; a paused receiver finds it when it goes on. */
  function travel(
    random: Random,
    from: string,
    to: string,
    label: string,
    arrive: () => void,
    receiver: () => Life | undefined,
  ): void {
    let delayMs = random.fraction() * settings.delayMs;
    // All four are drawn every time, so that a fault class that is off leaves the other choices as they are.
    const stallMs = random.fraction() * settings.stallMs;
    const stalled = random.chance(settings.stall);
    const lost = random.chance(settings.loss);
    if (cuts.has(link(from, to))) {
      hooks.fault('cut');
      return;
    }
    if (lost) {
      hooks.fault('loss');
      return;
    }
    if (stalled) {
      hooks.fault('stall');
      delayMs += stallMs;
    }
    const cloggedMs = (clogs.get(link(from, to)) ?? 0) - kernel.now();
    if (cloggedMs > 0) {
      hooks.fault('clog');
      delayMs += cloggedMs;
    }
    const attempt = (): void => {
      const untilMs = receiver()?.pausedUntilMs ?? 0;
      if (untilMs <= kernel.now()) arrive();
      else kernel.schedule(label, untilMs - kernel.now(), attempt);
    };
    kernel.schedule(label, delayMs, attempt);
  }

  /** The node's side of one arrival; a crash of the node swallows the answer. */
  function handle(
    to: string,
    listener: Listener,
    origin: Origin,
    request: TransportRequest,
    signal: AbortSignal,
    answer: (response: TransportResponse) => void,
  ): void {
    const { life } = listener;
    const arrivedAt = kernel.now();
    kernel.trace.note(kernel.now(), `${to} receives`, request.body);
    hooks.site('request arrived', to);
    if (!life.alive) return;
    const reply = (response: TransportResponse) => {
      if (!life.alive) return;
      kernel.trace.note(kernel.now(), `${to} replies ${response.status}`, response.body);
      hooks.answered({ from: origin.name, to, arrivedAt, request, response });
      hooks.site('reply ready', to);
      if (life.alive) answer(response);
    };
    const router = request.path.startsWith('/peer/') ? listener.peerRouter : listener.publicRouter;
    const done = router
      .handle(origin.caller, routed(request), signal)
      .then(reply, (error: unknown) => reply({ ...problemOf(error), contentType: PROBLEM_CONTENT_TYPE }));
    const mine = handling.get(life) ?? new Set();
    handling.set(life, mine.add(done));
    void done.then(() => mine.delete(done));
  }

  function send(
    origin: Origin,
    to: string,
    request: TransportRequest,
    { timeoutMs, signal, urgent = false }: TransportOptions,
  ): Promise<TransportResponse> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const connection = new AbortController();
    const { life, name } = origin;
    const random = urgent ? origin.urgentRandom : origin.random;
    const sender = () => life;
    const receiver = () => listeners.get(to)?.life;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        if (!origin.hangUps.delete(hangUp)) return;
        cancelTimeout();
        signal?.removeEventListener('abort', abort);
        if (life.alive) settle();
      };
      // The node hears of it late or never, as with a connection that just went silent.
      const hangUp = () =>
        travel(random, name, to, `${life.name} hangs up`, () => connection.abort(), receiver);
      const giveUp = (reason: unknown) =>
        end(() => {
          hangUp();
          reject(reason);
        });
      const abort = () => giveUp(signal?.reason);
      const fail = (cause: string) =>
        new EngineError('UNREACHABLE', `no answer from node ${to}: ${cause}`, { node: to, cause });
      const cancelTimeout = kernel.schedule(
        `${life.name} gives up on ${to}`,
        timeoutMs,
        () => giveUp(fail('TIMEOUT')),
        life,
      );
      origin.hangUps.add(hangUp);
      signal?.addEventListener('abort', abort, { once: true });

      const arrive = () => {
        const listener = listeners.get(to);
        if (listener?.life.alive !== true) {
          const refused = () => end(() => reject(fail('ECONNREFUSED')));
          travel(random, to, name, `${to} refuses ${life.name}`, refused, sender);
          return;
        }
        handle(to, listener, origin, request, connection.signal, (response) =>
          travel(random, to, name, `${to} answers ${life.name}`, () => end(() => resolve(response)), sender),
        );
      };
      travel(random, name, to, `${life.name} asks ${to} ${request.path}`, arrive, receiver);
      if (random.chance(settings.duplication)) {
        hooks.fault('duplication');
        travel(random, name, to, `${life.name} asks ${to} ${request.path} again`, arrive, receiver);
      }
    });
  }

  return {
    transport(sender) {
      const random = kernel.random.fork(`network ${sender.life.name}`);
      const urgentRandom = kernel.random.fork(`urgent ${sender.life.name}`);
      const origin: Origin = { ...sender, random, urgentRandom, hangUps: new Set() };
      sender.life.atEnd.add(() => {
        for (const hangUp of origin.hangUps) hangUp();
      });
      return {
        // Bytes on the wire: what the sender does to its array afterwards changes nothing.
        send: (to, request, options) => send(origin, to, { ...request, body: request.body.slice() }, options),
        close: async () => undefined,
      };
    },
    listen: (nodeId, listener) => void listeners.set(nodeId, listener),
    async leave(nodeId) {
      const life = listeners.get(nodeId)?.life;
      listeners.delete(nodeId);
      const mine = life === undefined ? undefined : handling.get(life);
      while (mine !== undefined && mine.size > 0) await Promise.all(mine);
    },
    cut: (from, to) => void cuts.add(link(from, to)),
    heal: (from, to) => void cuts.delete(link(from, to)),
    clog: (from, to, untilMs) => void clogs.set(link(from, to), untilMs),
    setFaults: (next) => {
      settings = next;
    },
  };
}

function link(from: string, to: string): string {
  return `${from} to ${to}`;
}

function routed(request: TransportRequest): RouterRequest {
  const [path = '', query] = request.path.split('?');
  return {
    method: request.method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    body: request.body.slice(),
    contentType: request.contentType,
  };
}
