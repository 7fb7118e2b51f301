import { EngineError } from '../../src/foundation/index.ts';

/** A busy machine leaves requests unanswered and flags undecided; asking again settles both. */
const TRIES_MAX = 50;

/** Asks until nothing stands in the way that may pass. */
export async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES_MAX || !(error instanceof EngineError && error.retry)) throw error;
    }
  }
}
