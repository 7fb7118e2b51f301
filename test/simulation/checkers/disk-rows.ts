import { bodyOfRow, keyOfRow, rowNames } from '../../../node/engine/row-record.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import {
  decodeFlagRow,
  decodeRosterRow,
  decodeSynodRow,
  decodeValueRow,
  type FlagRow,
  type ValueRow,
} from '../../../node/engine/rows.ts';
import { STORE_KEY_NAME } from '../../../node/engine/sealed-store.ts';
import { endOfPrefix } from '../../../node/engine/tables.ts';
import type { PackedTable } from '../../../node/engine/window-rows.ts';
import type { AcceptorState } from '../../../src/consensus/index.ts';
import { bigEndian, concat, fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import type { DecisionName, Exclusion, FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import {
  entryName,
  entryOfKey,
  exclusionCodec,
  partitionKey,
  scopeOfKey,
  windowKey,
} from '../../../src/protocol/index.ts';
import { partitionOf, windowId } from '../../../src/ring/identifiers.ts';
import type { NodeId, StoreId } from '../../../src/ring/index.ts';
import { type RowOnDisk, rowsOnDisk } from '../../support/packed-disk.ts';
import type { DiskCopy, SimulatedDisk } from '../disk.ts';
import type { SimulatedKeys } from '../window-keys.ts';

/** What a node would find about a flag if it started now; undefined where there is no good row. */
export interface DiskRows {
  flag(scope: WindowScope, entry: FlagEntry): FlagRow | undefined;
  value(scope: WindowScope, entry: FlagEntry): ValueRow | undefined;
  /** Which shares are in the record under the key; none where it does not open. */
  indicesOf(recordKey: Uint8Array): readonly number[];
  /** The flags in the record under the key, and their names inside the window; none where it does not open. */
  flagsOf(recordKey: Uint8Array): readonly (readonly [name: string, row: FlagRow])[];
  /** All shares that open. */
  values(): readonly RowOnDisk[];
  /** When the domain accepted a batch of the roster, as the row says; undefined for a row of something else. */
  acceptedAt(rowKey: Uint8Array): { readonly sequence: number; readonly acceptedAt: number } | undefined;
  /** A ring document that the node has taken, and whether it has promised it; undefined for a row of something else. */
  ringRow(rowKey: Uint8Array): { readonly epoch: number; readonly promised: boolean } | undefined;
  /** Whether the ring document of that epoch is there, promised or not. */
  hasRing(epoch: number): boolean;
  /** What a node knows to be decided about exclusions; undefined for a row of something else. */
  exclusion(rowKey: Uint8Array): { readonly scope: WindowScope; readonly value: Exclusion } | undefined;
  /** What a node knows to be decided about a window; undefined where it knows nothing that opens. */
  decided(scope: WindowScope, decision: DecisionName): Uint8Array | undefined;
  /**
   * What a row says that the node has voted; undefined for a row of something else.
   * @param sealed the row's bytes: one commit may write it several times, and each of them is a vote.
   */
  vote(rowKey: Uint8Array, sealed: Uint8Array): VoteOnDisk | undefined;
  /** What a row of the table of windows says was decided; undefined for a row of something else. */
  decision(rowKey: Uint8Array): DecidedRow | undefined;
  /** How the node has voted in a slot of a register or ledger; undefined where it has not. */
  slot(scope: WindowScope, decision: DecisionName): AcceptorState<Uint8Array> | undefined;
  /** The window that the row calls frozen; undefined for a row of something else. */
  frozenScope(rowKey: Uint8Array): WindowScope | undefined;
  isFrozen(scope: WindowScope): boolean;
  /** Whether the node has accepted terms of the window in its register. */
  hasTermsVote(scope: WindowScope): boolean;
  /** The number of the commit group that the row of the table of documents records; undefined for a row of something else. */
  commitNumber(rowKey: Uint8Array): number | undefined;
  /** Whether there is a record of that commit group or of a later one. */
  hasCommitFrom(number: number): boolean;
  /** The highest commit of another store that this node has written down; 0 where it knows none. */
  remembered(node: NodeId, store: StoreId): number;
}

export interface DecidedRow {
  readonly scope: WindowScope;
  readonly decision: DecisionName;
  readonly value: Uint8Array;
}

export interface VoteOnDisk {
  readonly scope: WindowScope;
  readonly decision: DecisionName;
  /** Null where the node has only made a promise, or where the row does not open. */
  readonly accepted: AcceptorState<Uint8Array>['accepted'];
  readonly opens: boolean;
}

const COMMIT_LETTER = utf8('C');
/** Behind it the number of the commit group. */
const COMMIT_KEY_BYTES = 9;
/** 'E' and the epoch. */
const RING_KEY_BYTES = 5;
/** 'R', the authority's key and the number of the batch. */
const ROSTER_KEY_BYTES = 41;
/** Behind 'W' and the window's key. */
const FROZEN_KEY = 'F';
const DECISIONS: readonly DecisionName[] = ['terms', 'settlement', 'exclusion', 'release'];
/** A letter and the window's key stand before the name of a slot. */
const SLOT_KEY_AT = 43;
/** More records than a run writes. */
const EVERY_RECORD = 1_000_000;

type Bodies = ReadonlyMap<string, Uint8Array | undefined>;

export function createDiskRows(disk: SimulatedDisk, keys: SimulatedKeys): DiskRows {
  const seal = createRowSeal(() => {
    throw new Error('expected a reader of rows to write none');
  });
  /** Rows are asked about again and again; the bytes on a disk are never changed in place. */
  const opened = new WeakMap<Uint8Array, { readonly key: Uint8Array; readonly plain: Uint8Array | null }>();
  const bodiesOf = new WeakMap<Uint8Array, Bodies>();
  const keyOf = ({ stream, window, group }: WindowScope): Uint8Array | undefined =>
    keys.peek(stream, window, group);

  function openOnce(
    key: Uint8Array,
    table: TableName,
    rowKey: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | null {
    const known = opened.get(sealed);
    if (known?.key === key) return known.plain;
    const plain = seal.open(key, table, rowKey, sealed);
    opened.set(sealed, { key, plain });
    return plain;
  }

  /** The rows of a record by name, undefined for one that it removes. */
  function bodiesIn(table: PackedTable, recordKey: Uint8Array, sealed: Uint8Array): Bodies {
    const key = keyOf(scopeOfKey(recordKey));
    if (key === undefined) return new Map();
    const plain = openOnce(key, table, recordKey, sealed);
    if (plain === null) return new Map();
    const bodies =
      bodiesOf.get(plain) ??
      new Map(
        (rowNames(plain) ?? []).map((row) => [
          entryName(entryOfKey(keyOfRow(plain, row), 0)),
          bodyOfRow(plain, row),
        ]),
      );
    bodiesOf.set(plain, bodies);
    return bodies;
  }

  /** Those that it does not remove. */
  function rowsIn(table: PackedTable, recordKey: Uint8Array): (readonly [string, Uint8Array])[] {
    const sealed = disk.get(table, recordKey);
    const bodies = sealed === undefined ? [] : [...bodiesIn(table, recordKey, sealed)];
    return bodies.flatMap(([name, body]) => (body === undefined ? [] : [[name, body] as const]));
  }

  function open(table: PackedTable, scope: WindowScope, entry: FlagEntry): Uint8Array | undefined {
    const from = partitionKey(scope, partitionOf(entry.readingId));
    const records = disk.range(table, { from, to: endOfPrefix(from), limit: EVERY_RECORD });
    const name = entryName(entry);
    for (const [key, sealed] of records.toReversed()) {
      const bodies = bodiesIn(table, key, sealed);
      if (bodies.has(name)) return bodies.get(name);
    }
    return undefined;
  }

  function openOwn(
    table: TableName,
    rowKey: Uint8Array,
    sealed = disk.get(table, rowKey),
  ): Uint8Array | null {
    const key = keys.peek(STORE_KEY_NAME, windowId(0), 0);
    return sealed === undefined || key === undefined ? null : openOnce(key, table, rowKey, sealed);
  }

  function ringRow(rowKey: Uint8Array): ReturnType<DiskRows['ringRow']> {
    if (rowKey.length !== RING_KEY_BYTES || fromUtf8(rowKey.slice(0, 1)) !== 'E') return undefined;
    const plain = openOwn('meta', rowKey);
    if (plain === null) return undefined;
    return { epoch: new DataView(rowKey.buffer, rowKey.byteOffset).getUint32(1), promised: plain[0] === 1 };
  }

  function slot(scope: WindowScope, decision: DecisionName): AcceptorState<Uint8Array> | undefined {
    const own = openOwn('windows', concat(utf8('S'), windowKey(scope), utf8(decision)));
    const past = decision === 'release' ? openOwn('windows', concat(utf8('L'), windowKey(scope))) : null;
    const plain = own ?? past;
    return plain === null ? undefined : decodeSynodRow(plain);
  }

  /** The window of a row that begins with 'W', and what it says of it. */
  function saidOfWindow(
    rowKey: Uint8Array,
  ): { readonly scope: WindowScope; readonly what: string } | undefined {
    if (fromUtf8(rowKey.slice(0, 1)) !== 'W') return undefined;
    return { scope: scopeOfKey(rowKey.slice(1)), what: fromUtf8(rowKey.slice(SLOT_KEY_AT)) };
  }

  function decision(rowKey: Uint8Array): DecidedRow | undefined {
    const said = saidOfWindow(rowKey);
    const name = DECISIONS.find((one) => said?.what === `D/${one}`);
    const value = name === undefined ? null : openOwn('windows', rowKey);
    if (said === undefined || name === undefined || value === null) return undefined;
    return { scope: said.scope, decision: name, value };
  }

  return {
    acceptedAt(rowKey) {
      if (rowKey.length !== ROSTER_KEY_BYTES || fromUtf8(rowKey.slice(0, 1)) !== 'R') return undefined;
      const plain = openOwn('meta', rowKey);
      if (plain === null) return undefined;
      const sequence = Number(
        new DataView(rowKey.buffer, rowKey.byteOffset).getBigUint64(ROSTER_KEY_BYTES - 8),
      );
      return { sequence, acceptedAt: decodeRosterRow(plain).acceptedAt };
    },
    hasRing: (epoch) => ringRow(concat(utf8('E'), bigEndian(epoch, 4))) !== undefined,
    ringRow,
    exclusion(rowKey) {
      const found = decision(rowKey);
      if (found?.decision !== 'exclusion') return undefined;
      return { scope: found.scope, value: exclusionCodec.decode(found.value) };
    },
    decided(scope, decision) {
      const rowKey = concat(utf8('W'), windowKey(scope), utf8(`D/${decision}`));
      return openOwn('windows', rowKey) ?? undefined;
    },
    vote(rowKey, sealed) {
      if (fromUtf8(rowKey.slice(0, 1)) !== 'S') return undefined;
      const name = fromUtf8(rowKey.slice(SLOT_KEY_AT));
      const decision = DECISIONS.find((one) => one === name);
      if (decision === undefined) return undefined;
      const plain = openOwn('windows', rowKey, sealed);
      const accepted = plain === null ? null : decodeSynodRow(plain).accepted;
      return { scope: scopeOfKey(rowKey.slice(1)), decision, accepted, opens: plain !== null };
    },
    slot,
    decision,
    frozenScope(rowKey) {
      const said = saidOfWindow(rowKey);
      return said?.what === FROZEN_KEY ? said.scope : undefined;
    },
    isFrozen: (scope) => openOwn('windows', concat(utf8('W'), windowKey(scope), utf8(FROZEN_KEY))) !== null,
    hasTermsVote: (scope) => (slot(scope, 'terms')?.accepted ?? null) !== null,
    indicesOf: (recordKey) => rowsIn('values', recordKey).map(([, body]) => decodeValueRow(body).index),
    flagsOf: (recordKey) => rowsIn('flags', recordKey).map(([name, body]) => [name, decodeFlagRow(body)]),
    commitNumber,
    hasCommitFrom(number) {
      const from = concat(COMMIT_LETTER, bigEndian(number, 8));
      if (disk.get('meta', from) !== undefined) return true;
      return disk.range('meta', { from, to: utf8('D'), limit: 1 }).length > 0;
    },
    values: () => rowsOnDisk('values', disk.rows('values'), keyOf),
    remembered(node, store) {
      const plain = openOwn('meta', utf8(`S${node}/${store}`));
      return plain === null ? 0 : Number(new DataView(plain.buffer, plain.byteOffset).getBigUint64(0));
    },
    flag(scope, entry) {
      const plain = open('flags', scope, entry);
      return plain === undefined ? undefined : decodeFlagRow(plain);
    },
    value(scope, entry) {
      const plain = open('values', scope, entry);
      return plain === undefined ? undefined : decodeValueRow(plain);
    },
  };
}

function commitNumber(rowKey: Uint8Array): number | undefined {
  if (rowKey.length !== COMMIT_KEY_BYTES || fromUtf8(rowKey.slice(0, 1)) !== 'C') return undefined;
  return Number(new DataView(rowKey.buffer, rowKey.byteOffset).getBigUint64(1));
}

/** The number of the last commit group in a copy of a disk. */
export function lastCommitOf(copy: DiskCopy): number {
  return copy.reduce(
    (last, [table, key]) => (table === 'meta' ? Math.max(last, commitNumber(key) ?? 0) : last),
    0,
  );
}
