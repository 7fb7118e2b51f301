import type { MessageContext } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { Exchange } from '../network-types.ts';

/** What is asked about the flags and shares of one window. */
const ABOUT_A_WINDOW = [
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
] as const;

/** The window that a request is about, and under which documents; undefined where it is about none. */
export function contextOf({ request }: Exchange): MessageContext | undefined {
  const operation = ABOUT_A_WINDOW.find(({ path }) => path === request.path);
  return operation?.request.decode(request.body).context;
}
