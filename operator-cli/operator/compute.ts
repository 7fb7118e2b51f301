import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError, fromBase64Url, hasCode, printable } from '../../src/foundation/index.ts';
import type { ReleasedRow } from '../../src/protocol/index.ts';
import { operations, releasedRowCodec } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { DomainId, WindowId } from '../../src/ring/index.ts';
import { type AskedNode, askAnyNode, nodesOf } from './ask-nodes.ts';
import { repeatUntil } from './back-off.ts';
import { combineRows, type WindowResult } from './combine-rows.ts';
import { ROUND_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts, WaitOptions } from './ports.ts';
import { readHistory } from './read-history.ts';
import { whyUnanswered } from './who-answers.ts';
import { withinWait } from './within-wait.ts';

/** The three honest answers; a wrong number is none of them. */
export type ComputeOutcome =
  | WindowResult
  /** A line for each domain that gave no row. */
  | { readonly kind: 'incomplete'; readonly reason: string }
  | { readonly kind: 'withheld'; readonly reason: string };

/** What one domain said in one round of asking. */
type DomainAnswer = { readonly kind: 'row'; readonly row: ReleasedRow } | Waiting;

interface Waiting {
  readonly kind: 'waiting';
  readonly reason: string;
  readonly error?: EngineError;
  /** Those that were asked. */
  readonly nodes: readonly AskedNode[];
}

/**
 * COMPUTE of the paper: asks every domain of the stream for its row, again while one says INCOMPLETE, and
 * combines the rows. All domains are asked at once; one node of each, the next when it does not answer.
 * @throws EngineError `IMPOSSIBLE_AGGREGATE` when the rows contradict each other or the stream, the refusal of
 * a domain that waiting would not change, `UNKNOWN_STREAM`, `WINDOW_NOT_OPEN` or `WINDOW_SEALED` when every domain
 * says so, or the signal's reason
 */
export async function computeWindow(
  ports: OperatorPorts,
  stream: StreamDocument,
  window: WindowId,
  options: WaitOptions & { readonly group?: number } = {},
): Promise<ComputeOutcome> {
  const { group = 0, ...wait } = options;
  const inTime = withinWait(ports, wait);
  // A released row never changes, so a domain that gave its row is not asked again.
  const rows = new Map<DomainId, ReleasedRow>();
  let waiting: readonly (Waiting & { readonly domain: DomainId })[] = [];
  const round = async (turn: number): Promise<ComputeOutcome | undefined> => {
    const missing = stream.domains.map(({ id }) => id).filter((domain) => !rows.has(domain));
    const answers = await Promise.all(
      missing.map(async (domain) => ({
        domain,
        answer: await askDomain(inTime, { stream, window, group }, domain, turn, {
          ...wait,
          timeoutMs: ROUND_TIMEOUT_MS,
        }),
      })),
    );
    for (const { domain, answer } of answers) {
      if (answer.kind === 'row') rows.set(domain, answer.row);
    }
    const withheld = [...rows.values()].find(({ verdict }) => verdict === 'WITHHELD');
    if (withheld !== undefined) {
      return { kind: 'withheld', reason: `domain ${withheld.domain}: ${printable(withheld.reason)}` };
    }
    if (rows.size === stream.domains.length) {
      return combineRows(stream, window, [...rows.values()], group);
    }
    // A row shows that there is the window, whatever is said of it elsewhere.
    if (rows.size === 0) throwIfUnknownToAll(answers.map(({ answer }) => answer));
    waiting = answers.flatMap(({ domain, answer }) =>
      answer.kind === 'waiting' ? [{ domain, ...answer }] : [],
    );
    return undefined;
  };
  const outcome = await repeatUntil(ports, round, wait);
  if (outcome !== undefined) return outcome;
  const reasons = await Promise.all(
    waiting.map(async ({ domain, error, reason, nodes }) => {
      const told = hasCode(error, 'UNREACHABLE') ? await whyUnanswered(ports, nodes, reason, wait) : reason;
      return `domain ${domain}: ${told}`;
    }),
  );
  return { kind: 'incomplete', reason: reasons.join('\n') };
}

/**
 * The nodes of a domain. One that has left the ring still has its shares of the windows that were open before, at the
 * nodes that the last document with it lists.
 */
async function nodesOfDomain(
  ports: OperatorPorts,
  domain: DomainId,
  options: CallOptions,
): Promise<readonly AskedNode[]> {
  const nodes = nodesOf(ports.ring, [domain]);
  if (nodes.length > 0) return nodes;
  const { documents } = await readHistory(ports, options);
  const last = documents.findLast((ring) => nodesOf(ring, [domain]).length > 0);
  if (last === undefined) return [];
  ports.learn?.(last);
  return nodesOf(last, [domain]);
}

async function askDomain(
  ports: OperatorPorts,
  scope: { readonly stream: StreamDocument; readonly window: WindowId; readonly group: number },
  domain: DomainId,
  turn: number,
  options: CallOptions & { readonly timeoutMs: number },
): Promise<DomainAnswer> {
  const question = { ...scope, stream: scope.stream.hash };
  let nodes: readonly AskedNode[] = [];
  try {
    nodes = await nodesOfDomain(ports, domain, options);
    const answer = await askAnyNode(ports, nodes, operations.COMPUTE, question, { ...options, turn });
    if (answer.status === 'INCOMPLETE') {
      return { kind: 'waiting', reason: printable(answer.reason), nodes };
    }
    const row = releasedRowCodec.decode(fromBase64Url(answer.row));
    if (row.domain === domain) return { kind: 'row', row };
    throw new EngineError(
      'IMPOSSIBLE_AGGREGATE',
      `expected the row of domain ${domain}, got the row of domain ${row.domain}`,
    );
  } catch (error) {
    if (!(error instanceof EngineError) || !(error.retry || UNKNOWN.includes(error.code))) throw error;
    return { kind: 'waiting', reason: `${error.code}: ${error.message}`, error, nodes };
  }
}

/**
 * Of a stream or a window that a node has never heard of, or of a fixed one that ended unopened by the node's clock. One node
 * may have missed it, or be ahead of the others; when every domain says so, waiting only hides a typing error.
 */
const UNKNOWN: readonly ErrorCode[] = ['UNKNOWN_STREAM', 'WINDOW_NOT_OPEN', 'WINDOW_SEALED'];

function throwIfUnknownToAll(answers: readonly DomainAnswer[]): void {
  const errors = answers.map((answer) => (answer.kind === 'waiting' ? answer.error : undefined));
  const [first] = errors;
  if (first === undefined || !UNKNOWN.includes(first.code)) return;
  if (errors.every((error) => error?.code === first.code)) throw first;
}
