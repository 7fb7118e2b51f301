import { concat, fromUtf8, toHex, utf8 } from '../../../src/foundation/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import type { WindowScope } from '../../../src/protocol/index.ts';
import { operations, WINDOW_KEY_BYTES, windowKey } from '../../../src/protocol/index.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { Exchange } from '../network-types.ts';
import type { SimulatedKeys } from '../window-keys.ts';

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

/** Whoever asks these about an erased window must hear that it is erased, and nothing else. */
const REFUSED: readonly (typeof operations)[keyof typeof operations][] = [
  operations.UPLOAD,
  operations.SET,
  operations.ACCEPT,
  operations.GET,
  operations.VOTE,
  operations.FREEZE,
  operations.COPY,
  operations.HELD,
  operations.GATHER,
  operations.ROWS,
  operations.COMPARE,
  operations.SUM,
  operations.SENSORS,
  operations.READY,
];
/** Tables whose keys begin with the window's. */
const BY_WINDOW: readonly TableName[] = ['values', 'flags'];
/** What stays in the table of windows: the note, and the ledger's vote of what was released. */
const NOTE = 'X';
const LEDGER = utf8('release');

export function createErasureChecker(
  nodes: readonly ErasingNode[],
  violation: (what: string) => void,
): ErasureChecker {
  /** By node and window the time from which the node's disk has said that it is erased. */
  const noted = new Map<string, number>();
  /** The ids of the readings of a window, by its key in hex. */
  const readings = new Map<string, Map<string, Uint8Array>>();

  const hasNote = ({ disk }: ErasingNode, window: Uint8Array) =>
    disk.get('windows', concat(utf8(NOTE), window)) !== undefined;

  function watchUpload({ request }: Exchange): void {
    const { context, packets } = operations.UPLOAD.request.decode(request.body);
    const name = toHex(windowKey(context));
    const known = readings.get(name) ?? new Map();
    readings.set(name, known);
    for (const packet of packets)
      for (const { readingId } of packet.readings) known.set(toHex(readingId), readingId);
  }

  return {
    stored(node, table, key, now) {
      if (table !== 'windows' && !BY_WINDOW.includes(table)) return;
      const [letter, window] = BY_WINDOW.includes(table)
        ? ['', key.slice(0, WINDOW_KEY_BYTES)]
        : [fromUtf8(key.slice(0, 1)), key.slice(1, 1 + WINDOW_KEY_BYTES)];
      const name = `${node.node}/${toHex(window)}`;
      if (letter === NOTE) noted.set(name, now);
      else if (letter !== 'Y' && hasNote(node, window))
        violation(`ERASED: ${node.node} writes ${table} ${letter} of a window that it has erased`);
    },
    answered(exchange) {
      const { to, request, response, arrivedAt } = exchange;
      if (request.path === operations.UPLOAD.path) watchUpload(exchange);
      if (response.status !== 200) return;
      const operation = REFUSED.find(({ path }) => path === request.path);
      const node = nodes.find((one) => one.node === to);
      if (operation === undefined || node === undefined) return;
      const { context } = operation.request.decode(request.body) as { readonly context: WindowScope };
      const window = windowKey(context);
      const since = noted.get(`${to}/${toHex(window)}`) ?? Number.POSITIVE_INFINITY;
      if (arrivedAt > since && hasNote(node, window))
        violation(`ERASED: ${to} answers ${request.path} about a window that it has erased`);
    },
    checkGone(node, scope) {
      const window = windowKey(scope);
      const name = toHex(window);
      const left = (what: string) =>
        violation(`ERASED: ${node.node} still has ${what} of window ${scope.window}`);
      for (const table of BY_WINDOW) {
        if (node.disk.rows(table).some(([key]) => toHex(key.slice(0, WINDOW_KEY_BYTES)) === name))
          left(table);
      }
      for (const [key] of node.disk.rows('windows')) {
        if (toHex(key.slice(1, 1 + WINDOW_KEY_BYTES)) !== name) continue;
        const letter = fromUtf8(key.slice(0, 1));
        const vote = letter === 'S' && toHex(key.slice(1 + WINDOW_KEY_BYTES)) === toHex(LEDGER);
        if (letter !== NOTE && !vote) left(`row ${letter}`);
      }
      if (node.keys.peek(scope.stream, scope.window, scope.group) !== undefined) left('the key');
      const id = [...(readings.get(name)?.values() ?? [])].find((bytes) => node.disk.remains(bytes));
      if (id !== undefined) left(`reading id ${toHex(id)}`);
    },
  };
}
