import { InvalidArgumentError } from 'commander';
import { EngineError } from '../src/foundation/index.ts';
import { type WindowId, windowId } from '../src/ring/index.ts';
import type { StreamState } from './operator/index.ts';
import { timeOption } from './option-values.ts';

/** Which window of a stream a command is about. */
export type WindowChoice = { readonly kind: 'latest' } | { readonly kind: 'at'; readonly ms: number };

/** Reads "latest", Unix milliseconds or a time. */
export function windowChoice(text: string): WindowChoice {
  if (text === 'latest') return { kind: 'latest' };
  const time = timeOption(text);
  if (time.kind === 'at') return time;
  throw new InvalidArgumentError('Expected latest, or the start of a window.');
}

/**
 * The chosen window. A start that the asked node does not list is taken as it is: other nodes may know it.
 * @throws EngineError `WINDOW_NOT_OPEN` when the latest of no window is asked for
 */
export function windowOf(state: StreamState, choice: WindowChoice): WindowId {
  if (choice.kind === 'at') return windowId(choice.ms);
  const starts = state.windows.map(({ window }) => window);
  if (starts.length > 0) return windowId(Math.max(...starts));
  throw new EngineError(
    'WINDOW_NOT_OPEN',
    `expected a window of stream ${state.stream.name}, got none that was ever opened`,
  );
}
