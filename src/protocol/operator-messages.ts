import { type Static, Type } from '../foundation/index.ts';
import { DOCUMENT_CHARS_MAX } from '../ring/index.ts';
import type { Codec } from './codec.ts';
import { jsonCodec } from './codec.ts';
import { STREAMS_LISTED_MAX, WINDOWS_LISTED_MAX } from './limits.ts';
import { toldCount } from './told-counts.ts';

const closed = { additionalProperties: false } as const;
const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const instant = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const group = Type.Integer({ minimum: 0, maximum: 65_535 });

const done = Type.Object({ done: Type.Literal(true) }, closed);
export const doneCodec: Codec<Static<typeof done>> = jsonCodec(done);

const streamDocumentBody = Type.Object({ document: Type.String({ maxLength: 1_000_000 }) }, closed);
export type StreamBody = Static<typeof streamDocumentBody>;
export const streamBodyCodec: Codec<StreamBody> = jsonCodec(streamDocumentBody);

const windowState = Type.Union([
  Type.Literal('OPEN'),
  Type.Literal('SEALED'),
  Type.Literal('SETTLED'),
  Type.Literal('RELEASED'),
  Type.Literal('WITHHELD'),
  Type.Literal('ERASED'),
]);
export type WindowState = Static<typeof windowState>;
const windowSummary = Type.Object(
  { window: instant, group, notBefore: instant, latest: instant, state: windowState },
  closed,
);
export type WindowSummary = Static<typeof windowSummary>;

/** `after`: window and group of the last one of the page before, as in its list; without it the newest come first. */
const streamQuery = Type.Object(
  { stream: hash, after: Type.Optional(Type.String({ pattern: '^[0-9]{1,16}\\.[0-9]{1,5}$' })) },
  closed,
);
export type StreamQuery = Static<typeof streamQuery>;
export const streamQueryCodec: Codec<StreamQuery> = jsonCodec(streamQuery);
/** Windows newest first, and groups in order within one; a full page means that there may be more. */
const streamAnswer = Type.Object(
  {
    document: Type.String(),
    windows: Type.Array(windowSummary, { maxItems: WINDOWS_LISTED_MAX }),
    /** The operator's statement that the stream is retired, where it is. */
    retired: Type.Optional(Type.String({ maxLength: DOCUMENT_CHARS_MAX })),
  },
  closed,
);
export type StreamAnswer = Static<typeof streamAnswer>;
export const streamAnswerCodec: Codec<StreamAnswer> = jsonCodec(streamAnswer);

const streamList = Type.Object(
  {
    streams: Type.Array(
      Type.Object({ stream: hash, name: Type.String(), retired: Type.Optional(Type.Boolean()) }, closed),
      { maxItems: STREAMS_LISTED_MAX },
    ),
  },
  closed,
);
export type StreamList = Static<typeof streamList>;
export const streamListCodec: Codec<StreamList> = jsonCodec(streamList);

/** A manual window, for every group of the stream. */
/** Streams whose retirement the asking node has, and the statements about others. */
const retirementsQuestion = Type.Object(
  { known: Type.Array(hash, { maxItems: STREAMS_LISTED_MAX }) },
  closed,
);
export type RetirementsQuestion = Static<typeof retirementsQuestion>;
export const retirementsQuestionCodec: Codec<RetirementsQuestion> = jsonCodec(retirementsQuestion);
const retirementsAnswer = Type.Object(
  { documents: Type.Array(Type.String({ maxLength: DOCUMENT_CHARS_MAX }), { maxItems: STREAMS_LISTED_MAX }) },
  closed,
);
export type RetirementsAnswer = Static<typeof retirementsAnswer>;
export const retirementsAnswerCodec: Codec<RetirementsAnswer> = jsonCodec(retirementsAnswer);

const openWindow = Type.Object(
  { stream: hash, window: instant, notBefore: instant, latest: instant },
  closed,
);
export type OpenWindow = Static<typeof openWindow>;
export const openWindowCodec: Codec<OpenWindow> = jsonCodec(openWindow);

const windowQuestion = Type.Object({ stream: hash, window: instant, group }, closed);
export type WindowQuestion = Static<typeof windowQuestion>;
export const windowQuestionCodec: Codec<WindowQuestion> = jsonCodec(windowQuestion);

/** Whether enough acceptors of every partition are frozen, and which are not. */
const sealAnswer = Type.Object(
  {
    sealed: Type.Boolean(),
    partitionsOpen: Type.Integer({ minimum: 0, maximum: 1_024 }),
    reason: Type.String(),
  },
  closed,
);
export type SealAnswer = Static<typeof sealAnswer>;
export const sealAnswerCodec: Codec<SealAnswer> = jsonCodec(sealAnswer);

/**
 * COMPUTE on a node: its domain's row (base64url of the canonical bytes), or why there is none yet. A domain
 * that withholds answers with a row that says so.
 */
const computeAnswer = Type.Union([
  Type.Object({ status: Type.Literal('ROW'), row: Type.String({ pattern: '^[A-Za-z0-9_-]+$' }) }, closed),
  Type.Object({ status: Type.Literal('INCOMPLETE'), reason: Type.String() }, closed),
]);
export type ComputeAnswer = Static<typeof computeAnswer>;
export const computeAnswerCodec: Codec<ComputeAnswer> = jsonCodec(computeAnswer);

const statusAnswer = Type.Object(
  {
    node: Type.String(),
    domain: Type.String(),
    epoch: instant,
    ready: Type.Boolean(),
    reasons: Type.Array(Type.String()),
    storeId: Type.String(),
    commitSeq: instant,
    corruptRows: instant,
    undecidedFlags: toldCount,
    thinPartitions: toldCount,
    hintedPartitions: toldCount,
    acceptors: Type.Integer({ minimum: 1, maximum: 3 }),
    streams: instant,
    uptimeMs: instant,
    /** What the node's clock shows, Unix milliseconds. */
    clockMs: instant,
  },
  closed,
);
export type NodeStatus = Static<typeof statusAnswer>;
export const statusCodec: Codec<NodeStatus> = jsonCodec(statusAnswer);

/**
 * What AUDIT found at one node: numbers only. Nothing in it is made from a share, so it may leave the domain; how
 * many readings there are is told as `ToldCount`, what is wrong with the store exactly.
 */
const auditAnswer = Type.Object(
  {
    node: Type.String(),
    domain: Type.String(),
    epoch: instant,
    /** Rows of the values table: `misplaced` ones hold another domain's share, `stray` ones belong to no window. */
    rows: Type.Object(
      { good: toldCount, corrupt: instant, misplaced: instant, conflict: instant, stray: instant },
      closed,
    ),
    /** Flags as this acceptor's table has them; `overdue` ones are among the undecided. */
    flags: Type.Object(
      {
        true: toldCount,
        error: toldCount,
        elsewhere: toldCount,
        undecided: toldCount,
        overdue: toldCount,
        corrupt: instant,
        stray: instant,
      },
      closed,
    ),
    windows: Type.Object(
      {
        OPEN: instant,
        SEALED: instant,
        SETTLED: instant,
        RELEASED: instant,
        WITHHELD: instant,
        overdue: instant,
      },
      closed,
    ),
    /** Partitions of windows with rows here, compared with the other nodes of the domain. */
    copies: Type.Object({ partitions: toldCount, short: instant, foreign: instant, silent: instant }, closed),
    thinPartitions: toldCount,
    hintedPartitions: toldCount,
    repairsWaiting: instant,
    doubt: Type.Union([Type.String(), Type.Null()]),
  },
  closed,
);
export type NodeAudit = Static<typeof auditAnswer>;
export const auditCodec: Codec<NodeAudit> = jsonCodec(auditAnswer);
