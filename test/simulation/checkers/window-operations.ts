import type { MessageContext } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { Exchange } from '../network-types.ts';

/** What is asked about one window, but for its ledger, which is read after the window is erased as well. */
const ABOUT_A_WINDOW = [
  operations.UPLOAD,
  operations.SET,
  operations.ACCEPT,
  operations.GET,
  operations.RELAY,
  operations.VOTE,
  operations.FREEZE,
  operations.FROZEN_LIST,
  operations.KEEP_LIST,
  operations.READ_LIST,
  operations.SYNOD,
  operations.ANNOUNCE,
  operations.COPY,
  operations.HELD,
  operations.GATHER,
  operations.ROWS,
  operations.COMPARE,
  operations.SUM,
  operations.SENSORS,
  operations.READY,
  operations.INVENTORY,
] as const;

/** The window that a request is about, and under which documents; undefined where it is about none. */
export function contextOf({ request }: Exchange): MessageContext | undefined {
  const operation = ABOUT_A_WINDOW.find(({ path }) => path === request.path);
  return operation?.request.decode(request.body).context;
}
