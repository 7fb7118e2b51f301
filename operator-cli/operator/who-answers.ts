import { hasCode } from '../../src/foundation/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { PING } from '../../src/rounds/watchful-transport.ts';
import type { AskedNode } from './ask-nodes.ts';
import { SIGN_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** Whether a node answers anything at all; a refusal is an answer. @throws the signal's reason */
async function givesSign(
  ports: OperatorPorts,
  { node }: AskedNode,
  { signal }: CallOptions,
): Promise<boolean> {
  const options = { timeoutMs: SIGN_TIMEOUT_MS, urgent: true, ...(signal === undefined ? {} : { signal }) };
  try {
    await ports.transport.send(node, PING, options);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    return !hasCode(error, 'UNREACHABLE');
  }
}

/**
 * Why nodes gave no answer in time: behind one that was asked for a result others may be away, which it waits for itself. So all are
 * asked for a sign, and named by whether they give one.
 * @param told what the last of them gave as the reason.
 */
export async function whyUnanswered(
  ports: OperatorPorts,
  nodes: readonly AskedNode[],
  told: string,
  options: CallOptions,
): Promise<string> {
  const signs = await Promise.all(nodes.map((node) => givesSign(ports, node, options)));
  const named = (sign: boolean) => nodes.flatMap(({ node }, place) => (signs[place] === sign ? [node] : []));
  const live = named(true);
  const away = named(false);
  if (live.length === 0) {
    return away.length < 2 ? told : `${told}; ${listed(away)} answer no other question either`;
  }
  const answers = `no result in time; ${listed(live)} ${live.length === 1 ? 'answers' : 'answer'} other questions`;
  if (away.length === 0) return answers;
  return `${answers}, ${listed(away)} ${away.length === 1 ? 'does' : 'do'} not`;
}

function listed(nodes: readonly NodeId[]): string {
  return [nodes.slice(0, -1).join(', '), ...nodes.slice(-1)].filter((part) => part !== '').join(' and ');
}
