import { EngineError, hasCode, untilAborted } from '../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../src/ports/index.ts';
import type { FlagKey, Outcome } from '../src/protocol/index.ts';
import type { NodeId, StreamHash } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { askAnyNode } from './ask-nodes.ts';
import { messageContext, onNewestRing } from './commit-split.ts';
import type { Directory } from './directory.ts';
import type { FlagCalls } from './flag-calls.ts';

export interface OutcomeContext {
  readonly directory: Directory;
  readonly calls: FlagCalls;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly stream: StreamHash;
}

/**
 * Asks the acceptors of a flag, one after the other, what became of it. As in an upload, ERROR is the word of two
 * acceptors where there are several, because it frees the reading for another id; where they differ nothing is known.
 * @throws EngineError `INVALID_ARGUMENT` for the flag of another stream, or the failure of every acceptor
 */
export async function askOutcome(
  context: OutcomeContext,
  key: FlagKey,
  signal: AbortSignal,
): Promise<Outcome> {
  const { directory, calls } = context;
  if (key.stream !== context.stream) {
    throw new EngineError('INVALID_ARGUMENT', `expected a flag of the stream ${context.stream}`);
  }
  const { domains } = await untilAborted(directory.stream(), signal);
  const { readingId, sensorId, count } = key;
  await untilAborted(Promise.resolve(directory.reach(key.window)), signal);
  const acceptors = directory.view(key.window).placement.acceptors(domains, partitionOf(readingId));
  const ask = async (asked: NodeId): Promise<Outcome> => {
    try {
      const answer = onNewestRing(
        directory,
        key.window,
        () => asked,
        (node, view) =>
          calls.get({ node, context: messageContext(key, view) }, { readingId, sensorId, count }),
      );
      return await untilAborted(answer, signal);
    } catch (error) {
      // A frozen acceptor answers nobody until the window is settled; its refusal decides nothing.
      if (hasCode(error, 'WINDOW_SEALED')) return 'UNDECIDED';
      throw error;
    }
  };
  const askSome = (nodes: readonly NodeId[]) =>
    askAnyNode(context, nodes, async (node) => ({ node, outcome: await ask(node) }), signal);
  const first = await askSome(acceptors);
  if (first.outcome !== 'ERROR' || acceptors.length === 1) return first.outcome;
  const second = await askSome(acceptors.filter((node) => node !== first.node));
  return second.outcome === 'ERROR' ? 'ERROR' : 'UNDECIDED';
}
