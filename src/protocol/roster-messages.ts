import { type Static, Type } from '../foundation/index.ts';
import { DOCUMENT_CHARS_MAX, PUBLIC_KEY } from '../ring/index.ts';
import type { Codec } from './codec.ts';
import { jsonCodec } from './codec.ts';

const closed = { additionalProperties: false } as const;
const document = Type.String({ maxLength: DOCUMENT_CHARS_MAX });
const sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const instant = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const rosterBody = Type.Object({ document }, closed);
export type RosterBody = Static<typeof rosterBody>;
export const rosterBodyCodec: Codec<RosterBody> = jsonCodec(rosterBody);

/** How far the node's copy of the authority's log goes. */
const rosterHead = Type.Object({ authority: PUBLIC_KEY, sequence }, closed);
export type RosterHead = Static<typeof rosterHead>;
export const rosterHeadCodec: Codec<RosterHead> = jsonCodec(rosterHead);

/** One batch of a log and when the answering node's domain accepted it; null where the node does not have it. */
const storedBatch = Type.Object(
  { batch: Type.Union([Type.Object({ document, acceptedAt: instant }, closed), Type.Null()]) },
  closed,
);
export type StoredBatchAnswer = Static<typeof storedBatch>;
export const storedBatchCodec: Codec<StoredBatchAnswer> = jsonCodec(storedBatch);
