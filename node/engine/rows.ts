import type { Accepted, AcceptorState, Ballot } from '../../src/consensus/index.ts';
import { BALLOT_ZERO } from '../../src/consensus/index.ts';
import { ballotLayout } from '../../src/protocol/flag-messages.ts';
import type { FlagValue } from '../../src/protocol/index.ts';
import type { Layout, Value } from '../../src/protocol/layout.ts';
import {
  decodeVersioned,
  encodeVersioned,
  flag,
  oneOf,
  optional,
  record,
  sizedBytes,
  text,
  u8,
  u32,
  u64,
} from '../../src/protocol/layout.ts';
import { ELEMENTS_MAX, REGISTER_VALUE_BYTES_MAX } from '../../src/protocol/limits.ts';
import { DOCUMENT_CHARS_MAX } from '../../src/ring/index.ts';

/** Version of what is inside a sealed row; the disk format may change until 1.0. */
const FORMAT = 1;

/** A row of the flags table: what this acceptor remembers of one flag. */
export interface FlagRow extends AcceptorState<FlagValue> {
  /** When this node first heard of the flag, Unix milliseconds; starts the flag's timeout here. */
  readonly knownSince: number;
}

const flagValue = oneOf('TRUE', 'ERROR');
const flagRow: Layout<FlagRow> = record({
  promised: ballotLayout,
  accepted: optional(record({ ballot: ballotLayout, value: flagValue })),
  knownSince: u64,
});

export function freshFlag(knownSince: number): FlagRow {
  return { promised: BALLOT_ZERO, accepted: null, knownSince };
}

export const encodeFlagRow = (row: FlagRow): Uint8Array => encodeVersioned(flagRow, FORMAT, row);
export const decodeFlagRow = (bytes: Uint8Array): FlagRow => decodeVersioned(flagRow, FORMAT, bytes);

/** A row of the values table: one share. */
export interface ValueRow {
  readonly epoch: number;
  /** Place of this domain in the stream: which share it is. */
  readonly index: number;
  readonly receivedAt: number;
  /** Two different shares came for the key; neither may be added, and the row counts as missing. */
  readonly conflict: boolean;
  readonly share: Uint8Array;
}

const valueRow: Layout<ValueRow> = record({
  epoch: u32,
  index: u8,
  receivedAt: u64,
  conflict: flag,
  share: sizedBytes(16 * ELEMENTS_MAX),
});

/** What of several value rows is the same, in front of shares of so many bytes. */
export function encodeValueHead(row: Omit<ValueRow, 'share'>, shareBytes: number): Uint8Array {
  const bytes = encodeValueRow({ ...row, share: new Uint8Array(shareBytes) });
  return bytes.slice(0, bytes.length - shareBytes);
}

export const encodeValueRow = (row: ValueRow): Uint8Array => encodeVersioned(valueRow, FORMAT, row);
export const decodeValueRow = (bytes: Uint8Array): ValueRow => decodeVersioned(valueRow, FORMAT, bytes);

/** What is kept of an erased window: its times, and the bytes of the released row where the node knew it. */
export interface ErasedRow {
  readonly notBefore: number;
  readonly latest: number;
  readonly release: Uint8Array;
}

const erasedRow: Layout<ErasedRow> = record({
  notBefore: u64,
  latest: u64,
  release: sizedBytes(REGISTER_VALUE_BYTES_MAX),
});

export const encodeErasedRow = (row: ErasedRow): Uint8Array => encodeVersioned(erasedRow, FORMAT, row);
export const decodeErasedRow = (bytes: Uint8Array): ErasedRow => decodeVersioned(erasedRow, FORMAT, bytes);

/** An acceptor's state of a register slot or ledger. */
const synodRow: Layout<{
  readonly promised: Ballot;
  readonly accepted: Accepted<Uint8Array> | null;
}> = record({
  promised: ballotLayout,
  accepted: optional(record({ ballot: ballotLayout, value: sizedBytes(REGISTER_VALUE_BYTES_MAX) })),
});

export const encodeSynodRow = (row: AcceptorState<Uint8Array>): Uint8Array =>
  encodeVersioned(synodRow, FORMAT, row);
export const decodeSynodRow = (bytes: Uint8Array): AcceptorState<Uint8Array> =>
  decodeVersioned(synodRow, FORMAT, bytes);

/** A batch of an enrolment authority's log, and when this domain accepted it. */
const rosterRow = record({ acceptedAt: u64, document: text(DOCUMENT_CHARS_MAX) });
export type RosterRow = Value<typeof rosterRow>;

export const encodeRosterRow = (row: RosterRow): Uint8Array => encodeVersioned(rosterRow, FORMAT, row);
export const decodeRosterRow = (bytes: Uint8Array): RosterRow => decodeVersioned(rosterRow, FORMAT, bytes);
