import type { Ballot } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO, compareBallots } from '../../../src/consensus/index.ts';
import { equalBytes, toHex } from '../../../src/foundation/index.ts';
import type {
  FlagAnswer,
  FlagEntry,
  MessageContext,
  Outcome,
  SetRequest,
  WindowScope,
} from '../../../src/protocol/index.ts';
import { entriesOf, entryName, operations, windowName } from '../../../src/protocol/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import { shareIndex } from '../../../src/protocol/stream-document.ts';
import type { DomainId, Epoch, Placement, StoreId } from '../../../src/ring/index.ts';
import { majority, partitionOf } from '../../../src/ring/index.ts';
import type { PacketOpener } from '../../support/packet-opener.ts';
import type { Exchange } from '../network-types.ts';
import { streamNamed } from '../planned.ts';
import type { DiskRows } from './disk-rows.ts';
import { createMaskChecker } from './masks.ts';
import { createShareFinder } from './share-finder.ts';
import { placeOfEntry, type StandingChecks } from './standing.ts';

export interface WatchedNode {
  readonly node: string;
  readonly domain: DomainId;
  readonly rows: DiskRows;
  /** The store it runs on; undefined before it has a document. */
  storeId(): StoreId | undefined;
  /** What storage faults have taken from its disks. */
  readonly harm: { readonly forgotten: ReadonlySet<StoreId> };
}

/** Watches every answer of every node, whether it arrived or not. */
export interface ExchangeChecker {
  answered(exchange: Exchange): void;
}

export interface ExchangeCheckerOptions {
  readonly nodes: readonly WatchedNode[];
  readonly streams: readonly StreamDocument[];
  readonly opener: PacketOpener;
  readonly standing: Pick<StandingChecks, 'keep'>;
  /** The placement that a document of the ring began. */
  placementOf(epoch: Epoch): Placement;
  /** The store that votes at the node in windows of that placement; undefined where it has no vote. */
  voterOf(epoch: Epoch, node: string): StoreId | undefined;
  /** Whether some clock may show that the window is past its retention; from then on nothing has to be there. */
  mayBeErased(scope: WindowScope): boolean;
  violation(what: string): void;
}

/** Operations whose answers are made from shares. */
const INSIDE_DOMAIN: readonly string[] = Object.values(operations)
  .filter(({ audience }) => audience === 'domain')
  .map(({ path }) => path);

/** What a store that has forgotten votes must refuse. */
const VOTING = [
  operations.ACCEPT,
  operations.VOTE,
  operations.SYNOD,
  operations.LEDGER,
  operations.FREEZE,
] as const;

/**
 * DURABLE, ISOLATION, IDEMPOTENT, UNIFORM and ONE-OUTCOME on the wire: an answer is compared with the disks at the
 * moment it is given, so that a promise made too early shows even where no crash follows.
 */
export function createExchangeChecker(options: ExchangeCheckerOptions): ExchangeChecker {
  const { streams, opener, standing, placementOf, voterOf, mayBeErased, violation } = options;
  const nodes = new Map(options.nodes.map((node) => [node.node, node]));
  const masks = createMaskChecker(violation);
  const outcomes = new Map<string, Outcome>();
  /** Per flag and share index the share's bytes, as they came from the sensor. */
  const shares = new Map<string, Uint8Array>();
  const finder = createShareFinder();
  /** Per flag the share indices that some node acknowledged. */
  const stored = new Map<string, Set<number>>();
  /** Per packet and share index the receipt, which every node must give. */
  const receipts = new Map<string, string>();
  /** Windows that some node has frozen; from then on outcomes may come from the settled set. */
  const frozen = new Set<string>();

  const domainsOf = ({ stream }: WindowScope) => streamNamed(streams, stream).domains.map(({ id }) => id);
  /** Which share of the stream's readings is the node's. */
  const indexOf = ({ stream }: WindowScope, { domain }: WatchedNode) =>
    shareIndex(streamNamed(streams, stream), domain);

  /** Whether the store that voted at the node, in windows of that placement, has forgotten votes. */
  function forgot(id: string, placementEpoch: Epoch): boolean {
    const voter = voterOf(placementEpoch, id);
    return voter !== undefined && nodes.get(id)?.harm.forgotten.has(voter) === true;
  }

  /** An answer that only the store of the window's document may give, and only if it has forgotten nothing. */
  function checkVoter({ request, to }: Exchange, node: WatchedNode): void {
    const context = VOTING.find(({ path }) => path === request.path)?.request.decode(request.body).context;
    const store = node.storeId();
    if (context === undefined || store === undefined) return;
    const voter = voterOf(context.placementEpoch, to);
    if (node.harm.forgotten.has(store))
      violation(`DOUBT: ${to} answers ${request.path}, but its store has forgotten votes`);
    else if (voter !== undefined && voter !== store)
      violation(`DOUBT: ${to} answers ${request.path} of a window in which another store voted`);
  }

  function learn(
    context: MessageContext,
    entry: FlagEntry,
    outcome: FlagAnswer | undefined,
    by: string,
  ): void {
    if (outcome !== 'TRUE' && outcome !== 'ERROR') return;
    const name = entryName(entry);
    const known = outcomes.get(name) ?? outcome;
    outcomes.set(name, known);
    if (known !== outcome) violation(`ONE-OUTCOME: ${by} answers ${outcome} for a flag that was ${known}`);
    if (frozen.has(windowName(context)) || mayBeErased(context)) return;
    const acceptors = placementOf(context.placementEpoch).acceptors(
      domainsOf(context),
      partitionOf(entry.readingId),
    );
    // A vote that a fault has taken from its disk was there when it counted.
    const votes = acceptors.filter(
      (id) =>
        forgot(id, context.placementEpoch) ||
        nodes.get(id)?.rows.flag(context, entry)?.accepted?.value === outcome,
    );
    if (votes.length < majority(acceptors.length)) {
      violation(
        `DURABLE: ${by} answers ${outcome} with ${votes.length} of ${acceptors.length} votes on disk`,
      );
    }
  }

  function watchGet({ request, response, to }: Exchange): void {
    const { context, flags } = operations.GET.request.decode(request.body);
    const answer = operations.GET.response.decode(response.body);
    flags.forEach((entry, place) => void learn(context, entry, answer.outcomes[place], `${to} to GET`));
  }

  /** Whether a node has acknowledged a share; one that relays need not tell anybody, and has it on a disk of its domain. */
  function isStored(scope: WindowScope, entry: FlagEntry, index: number): boolean {
    if (stored.get(entryName(entry))?.has(index) === true) return true;
    return options.nodes.some(
      ({ domain, rows }) => domain === domainsOf(scope)[index] && rows.value(scope, entry) !== undefined,
    );
  }

  /** The flags of a SET or ACCEPT per packet, which every sensor sends only when all shares are acknowledged. */
  function watchSaid(set: SetRequest, node: WatchedNode): FlagEntry[][] {
    const said = opener.set(node.domain, indexOf(set.context, node) ?? -1, set);
    for (const entry of said.flat()) {
      if (domainsOf(set.context).some((_, index) => !isStored(set.context, entry, index))) {
        violation('ATOMIC: SET was sent before every share of the reading was acknowledged');
      }
    }
    return said;
  }

  function watchSet({ request, response, to }: Exchange, node: WatchedNode): void {
    const set = operations.SET.request.decode(request.body);
    const { outcomes: answers } = operations.SET.response.decode(response.body);
    for (const [place, entry] of watchSaid(set, node).flat().entries()) {
      learn(set.context, entry, answers[place], `${to} to SET`);
    }
  }

  function watchAccept({ request, response }: Exchange, node: WatchedNode): void {
    const asked = operations.ACCEPT.request.decode(request.body);
    const answer = operations.ACCEPT.response.decode(response.body);
    watchSaid(asked, node).forEach((entries, place) => {
      const packet = answer.packets[place];
      if (packet?.answer !== 'ACCEPTED') return;
      const others = packet.others.map((other) => other.place);
      entries.forEach((entry, at) => {
        if (!others.includes(at)) watchGranted(node, asked.context, entry, 'accept', BALLOT_ZERO);
      });
    });
  }

  /** Whoever shows the votes of a quorum says that the flags are TRUE. */
  function watchRelay({ request, response, to }: Exchange): void {
    const asked = operations.RELAY.request.decode(request.body);
    const { votes } = operations.RELAY.response.decode(response.body);
    const placement = placementOf(asked.context.placementEpoch);
    const acceptors = placement.acceptors(domainsOf(asked.context), asked.partition).length;
    if (new Set(votes.map(({ acceptor }) => acceptor)).size < majority(acceptors)) {
      violation(`RELAY: ${to} answers without the votes of a quorum`);
      return;
    }
    for (const entry of entriesOf(asked)) learn(asked.context, entry, 'TRUE', `${to} to RELAY`);
  }

  function keepStored(node: WatchedNode, scope: WindowScope, entry: FlagEntry, share: Uint8Array): void {
    const owed = { place: placeOfEntry('values', scope, entry), name: entryName(entry) };
    standing.keep(node.node, owed, () => {
      if (mayBeErased(scope)) return undefined;
      const row = node.rows.value(scope, entry);
      if (row === undefined || !equalBytes(row.share, share))
        return `DURABLE: ${node.node} acknowledged a share that is not on its disk`;
      if (row.index !== indexOf(scope, node))
        return `ISOLATION: ${node.node} keeps share ${row.index} in domain ${node.domain}`;
      return undefined;
    });
  }

  function watchUpload({ request, response }: Exchange, node: WatchedNode): void {
    const upload = operations.UPLOAD.request.decode(request.body);
    const { context, index } = upload;
    if (index !== indexOf(context, node)) {
      violation(`ISOLATION: share ${index} of a reading was sent to domain ${node.domain}`);
      return;
    }
    const packets = opener.shares(node.domain, upload);
    for (const { entry, share } of packets.flat()) {
      const name = `${entryName(entry)}/${index}`;
      const before = shares.get(name) ?? share;
      if (!equalBytes(before, share)) violation('IDEMPOTENT: a reading id was used for two splits');
      finder.learn(share);
      shares.set(name, share);
      masks.shared(name, share);
    }
    if (response.status !== 200) return;
    const answer = operations.UPLOAD.response.decode(response.body);
    packets.forEach((rows, place) => {
      if (answer.packets[place]?.answer !== 'STORED') return;
      const receipt = toHex(answer.packets[place]?.receipt ?? new Uint8Array(0));
      const packet = `${rows.map(({ entry }) => entryName(entry)).join()}/${index}`;
      const known = receipts.get(packet) ?? receipt;
      receipts.set(packet, known);
      if (receipt !== known) violation(`RECEIPT: ${node.node} gives another receipt for one packet`);
      for (const { entry, share } of rows) {
        const name = entryName(entry);
        stored.set(name, (stored.get(name) ?? new Set()).add(index));
        keepStored(node, context, entry, share);
      }
    });
  }

  /** What was granted is on disk. */
  function watchGranted(
    node: WatchedNode,
    context: MessageContext,
    entry: FlagEntry,
    kind: 'prepare' | 'accept',
    ballot: Ballot,
  ): void {
    const owed = {
      place: placeOfEntry('flags', context, entry),
      name: `${kind} ${entryName(entry)}`,
      ballot,
    };
    standing.keep(node.node, owed, () => {
      if (mayBeErased(context)) return undefined;
      const row = node.rows.flag(context, entry);
      const held = kind === 'prepare' ? row?.promised : row?.accepted?.ballot;
      if (held !== undefined && compareBallots(held, ballot) >= 0) return undefined;
      return `DURABLE: ${node.node} granted a ${kind} that is not on its disk`;
    });
  }

  function watchVote({ request, response }: Exchange, node: WatchedNode): void {
    const { context, kind, ballot, flags } = operations.VOTE.request.decode(request.body);
    const answer = operations.VOTE.response.decode(response.body);
    if (kind === 'read') return;
    flags.forEach((entry, place) => {
      if (answer.votes[place]?.granted === true) watchGranted(node, context, entry, kind, ballot);
    });
  }

  /** Between domains no byte may travel that was made from a share. */
  function watchPeers({ from, to, request, response }: Exchange): void {
    if (nodes.get(from)?.domain === nodes.get(to)?.domain) return;
    if (INSIDE_DOMAIN.includes(request.path) && response.status === 200) {
      violation(`ISOLATION: ${to} answers ${request.path} to ${from} of another domain`);
    }
    if (finder.isIn(request.body) || finder.isIn(response.body)) {
      violation(`ISOLATION: ${request.path} between ${from} and ${to} carries a share`);
    }
  }

  return {
    answered(exchange) {
      const node = nodes.get(exchange.to);
      if (node === undefined) return;
      const { path, body } = exchange.request;
      if (path === operations.UPLOAD.path) watchUpload(exchange, node);
      if (nodes.has(exchange.from)) watchPeers(exchange);
      if (exchange.response.status !== 200) return;
      checkVoter(exchange, node);
      if (path === operations.GET.path) watchGet(exchange);
      if (path === operations.RELAY.path) watchRelay(exchange);
      if (path === operations.SET.path) watchSet(exchange, node);
      if (path === operations.ACCEPT.path) watchAccept(exchange, node);
      if (path === operations.VOTE.path) watchVote(exchange, node);
      if (path === operations.FREEZE.path) {
        frozen.add(windowName(operations.FREEZE.request.decode(body).context));
      }
    },
  };
}
