import { equalBytes, toHex } from '../../../src/foundation/index.ts';
import type { FlagEntry, MessageContext, Outcome } from '../../../src/protocol/index.ts';
import { entryName, flagRowKey, operations } from '../../../src/protocol/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import { shareIndex } from '../../../src/protocol/stream-document.ts';
import type { DomainId, Placement } from '../../../src/ring/index.ts';
import { majority, partitionOf } from '../../../src/ring/index.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { Exchange } from '../network-types.ts';

export interface WatchedNode {
  readonly node: string;
  readonly domain: DomainId;
  readonly disk: SimulatedDisk;
}

/** Watches every answer of every node, whether it arrived or not. */
export interface ExchangeChecker {
  answered(exchange: Exchange): void;
  /** What only the end can show. */
  atEnd(): void;
}

export interface ExchangeCheckerOptions {
  readonly nodes: readonly WatchedNode[];
  readonly stream: StreamDocument;
  readonly placement: Placement;
  violation(what: string): void;
}

/** Operations whose answers are made from shares. */
const INSIDE_DOMAIN: readonly string[] = [operations.LEDGER.path, operations.HELD.path, operations.SUM.path];

/**
 * DURABLE, ISOLATION, IDEMPOTENT and ONE-OUTCOME on the wire: an acknowledgement is compared with the disks at
 * the moment it is given, so that a promise made too early shows even where no crash follows.
 */
export function createExchangeChecker(options: ExchangeCheckerOptions): ExchangeChecker {
  const { stream, placement, violation } = options;
  const nodes = new Map(options.nodes.map((node) => [node.node, node]));
  const domains = stream.domains.map(({ id }) => id);
  const outcomes = new Map<string, Set<Outcome>>();
  /** Per flag and share index the share's bytes, as they came from the sensor. */
  const shares = new Map<string, Uint8Array>();
  /** Per flag the share indices that some node acknowledged. */
  const stored = new Map<string, Set<number>>();
  /** Rows whose loss would break an acknowledgement. */
  const promised: {
    readonly node: WatchedNode;
    readonly table: 'values' | 'flags';
    readonly key: Uint8Array;
  }[] = [];

  function promise(
    node: WatchedNode,
    table: 'values' | 'flags',
    context: MessageContext,
    entry: FlagEntry,
  ): void {
    const key = flagRowKey(context, entry);
    promised.push({ node, table, key });
    if (!node.disk.has(table, key)) {
      violation(`DURABLE: ${node.node} acknowledged a row of ${table} that is not on its disk`);
    }
  }

  function learn(entry: FlagEntry, outcome: Outcome | undefined, from: string): void {
    if (outcome === undefined || outcome === 'UNDECIDED') return;
    const name = entryName(entry);
    const known = outcomes.get(name) ?? new Set();
    outcomes.set(name, known.add(outcome));
    if (known.size > 1)
      violation(`ONE-OUTCOME: ${from} answers ${outcome} for a flag that had another outcome`);
  }

  function watchFlags(exchange: Exchange, kind: 'CREATE' | 'GET'): void {
    const { context: _, flags } = operations[kind].request.decode(exchange.request.body);
    const answer = operations[kind].response.decode(exchange.response.body);
    flags.forEach((entry, place) => void learn(entry, answer.outcomes[place], exchange.to));
  }

  function watchSet(exchange: Exchange): void {
    const { context, flags } = operations.SET.request.decode(exchange.request.body);
    const answer = operations.SET.response.decode(exchange.response.body);
    flags.forEach(({ entry }, place) => {
      const outcome = answer.outcomes[place];
      learn(entry, outcome, exchange.to);
      if ((stored.get(entryName(entry))?.size ?? 0) < domains.length) {
        violation(`ATOMIC: SET was sent before every share of the reading was acknowledged`);
      }
      if (outcome !== 'TRUE') return;
      const acceptors = placement.acceptors(domains, partitionOf(entry.readingId));
      const holding = acceptors.filter((id) => nodes.get(id)?.disk.has('flags', flagRowKey(context, entry)));
      if (holding.length < majority(acceptors.length)) {
        violation(
          `DURABLE: ${exchange.to} answers TRUE with ${holding.length} of ${acceptors.length} votes on disk`,
        );
      }
    });
  }

  function watchUpload(exchange: Exchange, node: WatchedNode): void {
    const { context, index, rows } = operations.UPLOAD.request.decode(exchange.request.body);
    const own = shareIndex(stream, node.domain);
    if (index !== own) violation(`ISOLATION: share ${index} of a reading was sent to domain ${node.domain}`);
    for (const { entry, share } of rows) {
      const name = `${entryName(entry)}/${index}`;
      const before = shares.get(name);
      if (before !== undefined && !equalBytes(before, share)) {
        violation(`IDEMPOTENT: a reading id was used for two splits`);
      }
      shares.set(name, share);
    }
    if (exchange.response.status !== 200) return;
    const answer = operations.UPLOAD.response.decode(exchange.response.body);
    rows.forEach(({ entry }, place) => {
      if (answer.rows[place] !== 'STORED') return;
      const name = entryName(entry);
      stored.set(name, (stored.get(name) ?? new Set()).add(index));
      promise(node, 'values', context, entry);
    });
  }

  function watchVote(exchange: Exchange, node: WatchedNode): void {
    const { context, kind, flags } = operations.VOTE.request.decode(exchange.request.body);
    const answer = operations.VOTE.response.decode(exchange.response.body);
    if (kind === 'read') return;
    flags.forEach((entry, place) => {
      if (answer.votes[place]?.granted === true) promise(node, 'flags', context, entry);
    });
  }

  /** Between domains no byte may travel that was made from a share. */
  function watchPeers({ from, to, request, response }: Exchange): void {
    const domain = nodes.get(to)?.domain;
    if (nodes.get(from)?.domain === domain) return;
    if (INSIDE_DOMAIN.includes(request.path) && response.status === 200) {
      violation(`ISOLATION: ${to} answers ${request.path} to ${from} of another domain`);
    }
    for (const share of shares.values()) {
      if (holds(request.body, share) || holds(response.body, share)) {
        violation(`ISOLATION: ${request.path} between ${from} and ${to} carries a share`);
      }
    }
  }

  return {
    answered(exchange) {
      const node = nodes.get(exchange.to);
      if (node === undefined) return;
      const { path } = exchange.request;
      if (path === operations.UPLOAD.path) watchUpload(exchange, node);
      if (path.startsWith('/peer/')) watchPeers(exchange);
      if (exchange.response.status !== 200) return;
      if (path === operations.CREATE.path) watchFlags(exchange, 'CREATE');
      if (path === operations.GET.path) watchFlags(exchange, 'GET');
      if (path === operations.SET.path) watchSet(exchange);
      if (path === operations.VOTE.path) watchVote(exchange, node);
    },
    atEnd() {
      for (const { node, table, key } of promised) {
        if (node.disk.has(table, key)) continue;
        violation(`DURABLE: ${node.node} lost an acknowledged row of ${table} ${toHex(key).slice(-72)}`);
      }
    },
  };
}

function holds(body: Uint8Array, share: Uint8Array): boolean {
  return share.length > 0 && bufferOf(body).includes(bufferOf(share));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
