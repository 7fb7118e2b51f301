import { DETAIL_CHARS_MAX, type Static, Type } from '../foundation/index.ts';
import { DOCUMENT_CHARS_MAX, RING_DOCUMENTS_MAX } from '../ring/limits.ts';
import type { Codec } from './codec.ts';
import { jsonCodec } from './codec.ts';

const closed = { additionalProperties: false } as const;
const epoch = Type.Integer({ minimum: 1, maximum: RING_DOCUMENTS_MAX });
const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const document = Type.String({ maxLength: DOCUMENT_CHARS_MAX });
const TEXT = Type.String({ maxLength: DETAIL_CHARS_MAX });
const documents = Type.Array(document, { maxItems: RING_DOCUMENTS_MAX });

const ring = Type.Object({ ring: document }, closed);
export type RingBody = Static<typeof ring>;
/** The newest ring document: the answer of READ_RING, and what PUBLISH_RING brings. */
export const ringCodec: Codec<RingBody> = jsonCodec(ring);

const ringsQuery = Type.Object({ from: Type.String({ pattern: '^[1-9][0-9]{0,3}$' }) }, closed);
export type RingsQuery = Static<typeof ringsQuery>;
export const ringsQueryCodec: Codec<RingsQuery> = jsonCodec(ringsQuery);

/** Documents in a row from the asked epoch on; a page of them, so that the next question may bring more. */
const ringsAnswer = Type.Object({ rings: documents }, closed);
export type RingsAnswer = Static<typeof ringsAnswer>;
export const ringsAnswerCodec: Codec<RingsAnswer> = jsonCodec(ringsAnswer);

/** Nodes that lack a document, named one by one for a person; the counts tell of the others. */
export const MISSING_NAMED_MAX = 16;

/** How far a published document has come, as far as the node that was asked knows. */
const published = Type.Object(
  {
    epoch,
    /** Nodes of the ring, and those of them known to have the document. */
    nodes: Type.Integer({ minimum: 1 }),
    stored: Type.Integer({ minimum: 1 }),
    placementFrom: Type.Integer({ minimum: 0 }),
    /** Whether windows from `placementFrom` on may open. */
    inForce: Type.Boolean(),
    /** Nodes that are not known to have it, or that promise nothing while it is not in force, with the error that says why. */
    missing: Type.Array(Type.Object({ node: TEXT, code: TEXT, message: TEXT }, closed), {
      maxItems: MISSING_NAMED_MAX,
    }),
  },
  closed,
);
export type Published = Static<typeof published>;
export const publishedCodec: Codec<Published> = jsonCodec(published);

/** What the sender has, and documents that the receiver lacks. */
const offer = Type.Object({ epoch, hash, rings: documents }, closed);
export type RingOffer = Static<typeof offer>;
export const ringOfferCodec: Codec<RingOffer> = jsonCodec(offer);

/** What the receiver has after it, durably. */
const ringState = Type.Object(
  {
    epoch,
    hash,
    /** The store that gives the promises. */
    storeId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    /** Epochs of placements that it knows but has not promised: it voted in windows of theirs, or is in doubt. */
    unpromised: Type.Array(epoch, { maxItems: RING_DOCUMENTS_MAX }),
    /** Epoch of the newest placement that it knows to be in force. */
    inForce: epoch,
  },
  closed,
);
export type RingState = Static<typeof ringState>;
export const ringStateCodec: Codec<RingState> = jsonCodec(ringState);
