import type { Codec } from './codec.ts';
import { emptyCodec } from './codec.ts';
import * as flags from './flag-messages.ts';
import { JSON_BODY_BYTES_MAX, PEER_BODY_BYTES_MAX, SENSOR_BODY_BYTES_MAX } from './limits.ts';
import * as operator from './operator-messages.ts';
import * as rings from './ring-messages.ts';
import * as roster from './roster-messages.ts';
import * as windows from './window-messages.ts';

/**
 * Who may use an operation. `public`: everyone who reaches the node. `operator`: the operator, with the scope
 * the operation names. `peer`: any node of the ring. `domain`: only a node of the same domain, because the
 * answer is made from shares.
 */
export type Audience = 'public' | 'operator' | 'peer' | 'domain';

/** The scopes an operator's token may carry. */
export type Scope = 'compute' | 'ring' | 'streams' | 'seal' | 'status';

/** One thing a node can be asked: how it is written, who may ask, and how much they may send. */
export interface Operation<Request, Response> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly audience: Audience;
  readonly scope: Scope | null;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly bodyBytesMax: number;
}

function sensor<Q, R>(path: string, request: Codec<Q>, response: Codec<R>): Operation<Q, R> {
  return {
    method: 'POST',
    path,
    audience: 'public',
    scope: null,
    request,
    response,
    bodyBytesMax: SENSOR_BODY_BYTES_MAX,
  };
}

/** A GET carries its request in the query string, as flat strings. */
function read<Q, R>(path: string, request: Codec<Q>, response: Codec<R>): Operation<Q, R> {
  return { method: 'GET', path, audience: 'public', scope: null, request, response, bodyBytesMax: 0 };
}

function asked<Q, R>(scope: Scope, path: string, request: Codec<Q>, response: Codec<R>): Operation<Q, R> {
  return {
    method: 'POST',
    path,
    audience: 'operator',
    scope,
    request,
    response,
    bodyBytesMax: JSON_BODY_BYTES_MAX,
  };
}

function between<Q, R>(
  audience: 'peer' | 'domain',
  path: string,
  request: Codec<Q>,
  response: Codec<R>,
): Operation<Q, R> {
  return {
    method: 'POST',
    path,
    audience,
    scope: null,
    request,
    response,
    bodyBytesMax: PEER_BODY_BYTES_MAX,
  };
}

export const SET = sensor('/v1/flags/set', flags.setRequestCodec, flags.flagAnswersCodec);
/** An acceptor's own vote for TRUE; SET sees to the votes of all of them. */
export const ACCEPT = sensor('/v1/flags/accept', flags.setRequestCodec, flags.acceptResponseCodec);
export const GET = sensor('/v1/flags/get', flags.flagsRequestCodec, flags.outcomesCodec);
export const UPLOAD = sensor('/v1/values/upload', flags.uploadRequestCodec, flags.uploadResponseCodec);

/** A lone reading in one request: the node brings it to the owners and acceptors, and back what they say to the sensor. */
export const RELAY = sensor('/v1/values/relay', flags.relayRequestCodec, flags.relayResponseCodec);

export const READ_RING = read('/v1/ring', emptyCodec, rings.ringCodec);
export const READ_RINGS = read('/v1/rings', rings.ringsQueryCodec, rings.ringsAnswerCodec);
export const LIST_STREAMS = read('/v1/streams', emptyCodec, operator.streamListCodec);
export const READ_STREAM = read('/v1/stream', operator.streamQueryCodec, operator.streamAnswerCodec);

export const PUBLISH_RING = asked('ring', '/v1/ring', rings.ringCodec, rings.publishedCodec);
/** The document carries its own proof, so whoever brings it needs none. */
export const PUT_ROSTER: Operation<roster.RosterBody, roster.RosterHead> = {
  ...sensor('/v1/roster', roster.rosterBodyCodec, roster.rosterHeadCodec),
  bodyBytesMax: JSON_BODY_BYTES_MAX,
};

export const PUT_STREAM = asked('streams', '/v1/streams', operator.streamBodyCodec, operator.doneCodec);
export const RETIRE_STREAM = asked(
  'streams',
  '/v1/streams/retire',
  operator.streamBodyCodec,
  operator.doneCodec,
);
export const OPEN_WINDOW = asked('streams', '/v1/windows/open', operator.openWindowCodec, operator.doneCodec);
export const SEAL = asked('seal', '/v1/windows/seal', operator.windowQuestionCodec, operator.sealAnswerCodec);
export const COMPUTE = asked(
  'compute',
  '/v1/values/compute',
  operator.windowQuestionCodec,
  operator.computeAnswerCodec,
);
export const READ_STATUS: Operation<null, operator.NodeStatus> = {
  ...read('/v1/status', emptyCodec, operator.statusCodec),
  audience: 'operator',
  scope: 'status',
};
export const AUDIT = asked('status', '/v1/audit', emptyCodec, operator.auditCodec);

export const VOTE = between('peer', '/peer/v1/flags/vote', flags.voteRequestCodec, flags.voteResponseCodec);
export const SYNOD = between(
  'peer',
  '/peer/v1/windows/synod',
  windows.synodRequestCodec,
  windows.synodResponseCodec,
);
export const FREEZE = between(
  'peer',
  '/peer/v1/windows/freeze',
  windows.freezeRequestCodec,
  windows.freezeReportCodec,
);
export const FROZEN_LIST = between(
  'peer',
  '/peer/v1/windows/frozen-list',
  windows.frozenListRequestCodec,
  windows.frozenListCodec,
);
export const KEEP_LIST = between(
  'peer',
  '/peer/v1/windows/keep-list',
  windows.keepListRequestCodec,
  windows.keptCodec,
);
export const READ_LIST = between(
  'peer',
  '/peer/v1/windows/read-list',
  windows.readListRequestCodec,
  windows.readListCodec,
);
export const ANNOUNCE = between(
  'peer',
  '/peer/v1/windows/announce',
  windows.announceRequestCodec,
  windows.keptCodec,
);
export const RECALL = between(
  'peer',
  '/peer/v1/recall',
  windows.recallRequestCodec,
  windows.recallResponseCodec,
);
/** "So far has my disk come": what a restored or cut store is held against later. */
export const COMMITTED = between('peer', '/peer/v1/committed', windows.committedCodec, windows.keptCodec);
export const OFFER_RING = between('peer', '/peer/v1/ring', rings.ringOfferCodec, rings.ringStateCodec);
export const RETIREMENTS = between(
  'peer',
  '/peer/v1/streams/retirements',
  operator.retirementsQuestionCodec,
  operator.retirementsAnswerCodec,
);
/** "I have this batch": whoever lacks it fetches what it misses from the sender. */
export const ROSTER_NEWS = between(
  'peer',
  '/peer/v1/roster/news',
  roster.rosterHeadCodec,
  roster.rosterHeadCodec,
);
export const ROSTER_BATCH = between(
  'peer',
  '/peer/v1/roster/batch',
  roster.rosterHeadCodec,
  roster.storedBatchCodec,
);
export const READY = between(
  'peer',
  '/peer/v1/windows/ready',
  windows.readyRequestCodec,
  windows.readyResponseCodec,
);

export const LEDGER = between(
  'domain',
  '/peer/v1/windows/ledger',
  windows.synodRequestCodec,
  windows.synodResponseCodec,
);
export const HELD = between(
  'domain',
  '/peer/v1/values/held',
  windows.heldRequestCodec,
  windows.heldResponseCodec,
);
export const SUM = between(
  'domain',
  '/peer/v1/values/sum',
  windows.sumRequestCodec,
  windows.sumResponseCodec,
);
export const SENSORS = between(
  'domain',
  '/peer/v1/values/sensors',
  windows.sensorsRequestCodec,
  windows.sensorsResponseCodec,
);
export const COPY = between(
  'domain',
  '/peer/v1/values/copy',
  flags.copyRequestCodec,
  flags.copyResponseCodec,
);
export const COMPARE = between(
  'domain',
  '/peer/v1/values/compare',
  windows.compareRequestCodec,
  windows.compareResponseCodec,
);
export const ROWS = between(
  'domain',
  '/peer/v1/values/rows',
  windows.rowsRequestCodec,
  windows.rowsResponseCodec,
);
export const GATHER = between(
  'domain',
  '/peer/v1/values/gather',
  windows.gatherRequestCodec,
  windows.keptCodec,
);
export const INVENTORY = between(
  'domain',
  '/peer/v1/values/inventory',
  windows.inventoryRequestCodec,
  windows.inventoryCodec,
);
