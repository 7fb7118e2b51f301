import { EngineError, systemReason } from '../../src/foundation/index.ts';

/** A write that the disk refused: nobody knows what is on it now, and every request that waits for it fails the same way. */
export function nodeStops(cause: unknown): EngineError {
  const why = cause instanceof EngineError ? cause.message : systemReason(cause);
  return new EngineError(
    'STORE_FAILED',
    `the disk refused a write, and the node stops: ${why}`,
    { stops: true },
    { cause },
  );
}
