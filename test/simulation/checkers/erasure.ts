import { concat, fromUtf8, toHex, utf8 } from '../../../src/foundation/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import type { WindowScope } from '../../../src/protocol/index.ts';
import { scopeOfKey, WINDOW_KEY_BYTES, windowKey } from '../../../src/protocol/index.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { Exchange } from '../network-types.ts';
import type { SimulatedKeys } from '../window-keys.ts';
import { contextOf } from './window-operations.ts';

export interface ErasingNode {
  readonly node: string;
  readonly disk: Pick<SimulatedDisk, 'get' | 'rows' | 'remains'>;
  readonly keys: Pick<SimulatedKeys, 'peek'>;
}

/** ERASED: what a node says and keeps of a window after it has noted that it is erased. */
export interface ErasureChecker {
  /** A row has become durable. */
  stored(node: ErasingNode, table: TableName, key: Uint8Array, now: number): void;
  answered(exchange: Exchange): void;
  /** Nothing about single readings of the window may be left on the node. */
  checkGone(node: ErasingNode, scope: WindowScope): void;
}

/** Tables whose keys begin with the window's. */
const BY_WINDOW: readonly TableName[] = ['values', 'flags'];
/** What stays in the table of windows: the note, and the ledger's vote of what was released. */
const NOTE = 'X';
const LEDGER = 'L';
/** Of a record's ciphertext and tag; no other row has them. */
const TRACE_BYTES = 24;

/**
 * @param quorum how many acceptors of a register decide.
 * @param mayBeErased whether some clock may show that the window is past its retention.
 */
export function createErasureChecker(
  nodes: readonly ErasingNode[],
  quorum: number,
  mayBeErased: (scope: WindowScope) => boolean,
  violation: (what: string) => void,
): ErasureChecker {
  /** By node and window the time from which the node's disk has said that it is erased. */
  const notedAt = new Map<string, number>();
  /** Ends of the records about single readings that a node has written, by node and window. */
  const written = new Map<string, Uint8Array[]>();

  const hasNote = ({ disk }: ErasingNode, window: Uint8Array) =>
    disk.get('windows', concat(utf8(NOTE), window)) !== undefined;

  const isThere = ({ disk }: ErasingNode, table: TableName, key: Uint8Array) =>
    disk.get(table, key) !== undefined;

  return {
    stored(node, table, key, now) {
      if (table !== 'windows' && !BY_WINDOW.includes(table)) return;
      const [letter, window] = BY_WINDOW.includes(table)
        ? ['', key.slice(0, WINDOW_KEY_BYTES)]
        : [fromUtf8(key.slice(0, 1)), key.slice(1, 1 + WINDOW_KEY_BYTES)];
      const name = `${node.node}/${toHex(window)}`;
      if (letter === NOTE) {
        notedAt.set(name, now);
        if (!mayBeErased(scopeOfKey(window))) violation(`ERASED: ${node.node} erases a window too early`);
      }
      // What the commit wrote that noted the erasure was staged before it, and goes with the rest.
      else if (notedAt.has(name) && letter !== 'Y' && hasNote(node, window) && isThere(node, table, key))
        violation(`ERASED: ${node.node} writes ${table} ${letter} of a window that it has erased`);
      const sealed = BY_WINDOW.includes(table) ? node.disk.get(table, key) : undefined;
      if (sealed !== undefined) written.set(name, [...(written.get(name) ?? []), sealed.slice(-TRACE_BYTES)]);
    },
    answered(exchange) {
      const { to, request, response, arrivedAt } = exchange;
      if (response.status !== 200) return;
      const node = nodes.find((one) => one.node === to);
      const context = contextOf(exchange);
      if (context === undefined || node === undefined) return;
      const window = windowKey(context);
      const since = notedAt.get(`${to}/${toHex(window)}`) ?? Number.POSITIVE_INFINITY;
      if (arrivedAt > since && hasNote(node, window))
        violation(`ERASED: ${to} answers ${request.path} about a window that it has erased`);
    },
    checkGone(node, scope) {
      const window = windowKey(scope);
      const name = toHex(window);
      const noted = nodes.filter((one) => hasNote(one, window)).length;
      const left = (what: string) =>
        violation(`ERASED: ${node.node} still has ${what} of window ${scope.window}`);
      for (const table of BY_WINDOW) {
        if (node.disk.rows(table).some(([key]) => toHex(key.slice(0, WINDOW_KEY_BYTES)) === name))
          left(table);
      }
      for (const [key] of node.disk.rows('windows')) {
        if (toHex(key.slice(1, 1 + WINDOW_KEY_BYTES)) !== name) continue;
        const letter = fromUtf8(key.slice(0, 1));
        // A window that never opened has no end: a promise about it, which a node without a note has, is kept.
        const promise = letter === 'S' && !hasNote(node, window) && noted < quorum;
        if (letter !== NOTE && letter !== LEDGER && !promise) left(`row ${letter}`);
      }
      if (node.keys.peek(scope.stream, scope.window, scope.group) !== undefined) left('the key');
      const traces = written.get(`${node.node}/${name}`) ?? [];
      if (traces.some((bytes) => node.disk.remains(bytes))) left('bytes of a record');
    },
  };
}
